// How connections end: close codes, losses, drops, deadlines.
#include "tests/services/websocket/support.hpp"

#include <future>

namespace tutti::tests::services_websocket {
namespace {

struct WebsocketEnd : WebsocketClient {};

TEST_F(WebsocketEnd, GivenEachCloseCodeWhenThePeerClosesThenTheOwnerGetsIt) {
  const std::uint16_t codes[] = {1000, 1001, 1011, 4000, 4003, 4004, 4007, 4009, 4014};
  wire_server server{[&](wire& on, std::size_t n) {
    peer p{on};
    p.accept();
    p.send_close(codes[n], "because");
    EXPECT_EQ(p.read().opcode, 8U); // answered
    on.close();
    on.read_end();
  }};
  for (auto code : codes) {
    auto socket = open(server);
    expect_opened();
    auto closed = expect_closed();
    EXPECT_EQ(closed.how, websocket_end::closed);
    EXPECT_EQ(closed.code, code);
    EXPECT_EQ(closed.reason, "because");
    EXPECT_FALSE(socket->send("too late"));
  }
}

TEST_F(WebsocketEnd, GivenCloseFrameWithoutCodeWhenItComesThenCodeIs1005) {
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    p.send(8, "");
    on.read_end();
  }};
  auto socket = open(server);
  expect_opened();
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::closed);
  EXPECT_EQ(closed.code, 1005);
}

TEST_F(WebsocketEnd, GivenEndWithoutCloseFrameWhenItComesThenLost) {
  for (bool tls : {false, true}) {
    wire_server server{[&](wire& on, std::size_t n) {
                         peer p{on};
                         p.accept();
                         p.send_text("last words");
                         if (n == 0)
                           on.close();
                         else
                           on.reset();
                       },
                       {.tls = tls}};
    client.reset();
    use(tls ? server.ca_file() : "");
    for (int i = 0; i < 2; ++i) {
      auto socket = open(server);
      expect_opened();
      auto got = next(); // a reset may overtake the text
      if (std::holds_alternative<websocket_text>(got))
        got = next();
      auto* closed = std::get_if<websocket_closed>(&got);
      ASSERT_NE(closed, nullptr);
      EXPECT_EQ(closed->how, websocket_end::lost);
      EXPECT_EQ(closed->code, 0);
      EXPECT_FALSE(closed->reason.empty());
    }
  }
}

TEST_F(WebsocketEnd, GivenQueuedTextsWhenClosedThenTheyComeBeforeTheCloseFrameAndTheAnswerIsTold) {
  std::promise<std::vector<frame>> seen;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    std::vector<frame> got;
    do
      got.push_back(p.read());
    while (got.back().opcode != 8);
    p.send_close(4000);
    seen.set_value(std::move(got));
    on.close();
    on.read_end();
  }};
  auto socket = open(server);
  expect_opened();
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(socket->send(std::string(50'000, 'q')));
  socket->close(4000, "resume later");
  EXPECT_FALSE(socket->send("after close"));
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::closed);
  EXPECT_EQ(closed.code, 4000);
  auto got = seen.get_future().get();
  ASSERT_EQ(got.size(), 11U);
  EXPECT_EQ(got.back().payload, std::string("\x0f\xa0") + "resume later");
}

TEST_F(WebsocketEnd, GivenPeerThatDoesNotAnswerCloseWhenTimeIsUpThenLost) {
  wire_server server{[&](wire& on, std::size_t) {
    peer{on}.accept();
    on.read_end();
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.close_timeout = 50ms;
  auto socket = open(to);
  expect_opened();
  socket->close(4000);
  EXPECT_EQ(expect_closed().how, websocket_end::lost);
}

TEST_F(WebsocketEnd, GivenOpenWhenDroppedThenThePeerSeesNoFrameAtAllAndTheOwnerNothing) {
  for (bool tls : {false, true}) {
    std::promise<bool> orderly;
    std::promise<std::string> bytes;
    wire_server server{[&](wire& on, std::size_t) {
                         peer{on}.accept();
                         std::string all;
                         try {
                           for (;;)
                             all += on.read_some();
                         } catch (const std::runtime_error&) {
                           bytes.set_value(all);
                         }
                       },
                       {.tls = tls}};
    client.reset();
    use(tls ? server.ca_file() : "");
    auto socket = open(server);
    expect_opened();
    if (tls)
      socket->drop();
    else
      socket.reset(); // the handle's end does the same
    EXPECT_EQ(bytes.get_future().get(), "");
    EXPECT_TRUE(std::holds_alternative<std::monostate>(next(0ms)));
  }
}

TEST_F(WebsocketEnd, GivenWaitingTextsWhenDroppedThenTheyAreNotSent) {
  std::promise<void> dropped;
  std::promise<std::size_t> frames;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    dropped.get_future().wait(); // until then the socket's buffers fill
    std::size_t n = 0;
    try {
      for (;; ++n)
        p.read();
    } catch (const std::runtime_error&) {
      frames.set_value(n);
    }
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.max_queued_bytes = 64 * 1024 * 1024;
  auto socket = open(to);
  expect_opened();
  std::size_t sent = 0;
  for (; sent < 60; ++sent)
    ASSERT_TRUE(socket->send(std::string(1024 * 1024, 'd')));
  socket->drop();
  EXPECT_FALSE(socket->send("after drop"));
  dropped.set_value();
  EXPECT_LT(frames.get_future().get(), sent);
}

TEST_F(WebsocketEnd, GivenOwnerThatHasEndedWhenATextComesThenTheConnectionIsDropped) {
  std::promise<void> owner_gone;
  std::promise<void> ended;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    owner_gone.get_future().wait();
    p.send_text("anybody?");
    on.read_end();
    ended.set_value();
  }};
  std::unique_ptr<websocket> socket;
  {
    caf::scoped_actor other{sys};
    websocket_request to;
    to.url = server.url("ws");
    socket = use().open(caf::actor_cast<caf::actor>(other), to);
    other->receive([](websocket_opened&) {});
  }
  owner_gone.set_value();
  EXPECT_EQ(ended.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(WebsocketEnd, GivenSilentPeerWhenHalfTheIdleTimeIsOverThenPingAndInTheEndLost) {
  std::promise<frame> ping;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    ping.set_value(p.read());
    on.read_end();
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.idle_timeout = 200ms;
  auto began = std::chrono::steady_clock::now();
  auto socket = open(to);
  expect_opened();
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::lost);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
  EXPECT_EQ(ping.get_future().get().opcode, 9U);
}

TEST_F(WebsocketEnd, GivenPeerThatAnswersPingsWhenNothingElseComesThenItStaysOpen) {
  std::promise<void> answered;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    for (int pings = 0;; ++pings) {
      auto got = p.read();
      if (got.opcode == 9)
        p.send(10, got.payload);
      if (pings == 5)
        answered.set_value();
    }
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.idle_timeout = 400ms;
  auto socket = open(to);
  expect_opened();
  EXPECT_EQ(answered.get_future().wait_for(10s), std::future_status::ready); // 6 × 200 ms: three idle times
  EXPECT_TRUE(socket->send("still open"));
}

TEST_F(WebsocketEnd, GivenNobodyListeningWhenOpenedThenUnreachable) {
  std::uint16_t port = 0;
  {
    port = wire_server{[](wire&, std::size_t) {}}.port();
  }
  websocket_request to;
  to.url = "ws://127.0.0.1:" + std::to_string(port);
  auto socket = open(to);
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::unreachable);
  EXPECT_EQ(closed.reason, "no connection: Connection refused");
}

TEST_F(WebsocketEnd, GivenServerThatDoesNotAnswerWhenTimeIsUpThenTheReasonSaysWhatWasAwaited) {
  wire_server silent{[](wire& on, std::size_t) { on.read_end(); }};
  websocket_request to;
  to.open_timeout = 100ms;
  to.url = silent.url("ws");
  auto first = open(to);
  EXPECT_EQ(expect_closed().reason, "not open within 100 ms, waiting for the answer to the handshake");
  to.url = "wss://127.0.0.1:" + std::to_string(silent.port());
  auto second = open(to);
  EXPECT_EQ(expect_closed().reason, "not open within 100 ms, waiting for TLS (is it a server without?)");
}

TEST_F(WebsocketEnd, GivenOpeningWhenDroppedOrClosedThenItEnds) {
  std::atomic<int> ended{0};
  wire_server silent{[&](wire& on, std::size_t) {
    on.read_end();
    ++ended;
  }};
  auto dropped = open(silent);
  EXPECT_TRUE(eventually([&] { return silent.connections() == 1; }));
  dropped->drop();
  EXPECT_TRUE(eventually([&] { return ended == 1; }));
  auto closed = open(silent);
  closed->close(1000);
  auto event = expect_closed();
  EXPECT_EQ(event.socket, closed->id());
  EXPECT_EQ(event.how, websocket_end::unreachable);
}

} // namespace
} // namespace tutti::tests::services_websocket
