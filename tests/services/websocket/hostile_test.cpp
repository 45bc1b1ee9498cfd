// Peers that break the rules, and owners that are slow.
#include "tests/services/websocket/support.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace tutti::tests::services_websocket {
namespace {

struct WebsocketHostile : WebsocketClient {};

TEST_F(WebsocketHostile, GivenZlibStreamWhenTextsComeInAllKindsOfPiecesThenTheyAreUnpacked) {
  wire_server server{[](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    packer pack;
    p.send(2, pack("one"));
    auto two = pack(std::string(100'000, '2'));
    p.send(2, two.substr(0, 7));
    p.send(2, two.substr(7));
    auto three = pack("three");
    p.send(2, three.substr(0, 1), false);
    p.send(0, three.substr(1), true);
    p.send_text("plain");
    on.read_end();
  }};
  auto socket = open(server, transport_compression::zlib_stream);
  expect_opened();
  EXPECT_EQ(expect_text(), "one");
  EXPECT_EQ(expect_text(), std::string(100'000, '2'));
  EXPECT_EQ(expect_text(), "three");
  EXPECT_EQ(expect_text(), "plain");
}

TEST_F(WebsocketHostile, GivenBombOrGarbageOrBinaryWhenItComesThenMisbehavedAndCut) {
  struct {
    transport_compression compression;
    std::string message;
    const char* reason;
  } cases[] = {
      {transport_compression::zlib_stream, packer{}(std::string(80 * 1024 * 1024, '\0')),
       "a message is too large"},
      {transport_compression::zlib_stream, "garbage", "a message cannot be unpacked"},
      {transport_compression::none, "binary", "a message is not text"},
  };
  for (auto& c : cases) {
    std::promise<void> cut;
    wire_server server{[&](wire& on, std::size_t) {
      peer p{on};
      p.accept();
      p.send(2, c.message);
      on.read_end();
      cut.set_value();
    }};
    auto socket = open(server, c.compression);
    expect_opened();
    auto closed = expect_closed();
    EXPECT_EQ(closed.how, websocket_end::misbehaved);
    EXPECT_EQ(closed.reason, c.reason);
    EXPECT_EQ(cut.get_future().wait_for(10s), std::future_status::ready);
  }
}

TEST_F(WebsocketHostile, GivenFramesAgainstTheProtocolWhenTheyComeThenMisbehaved) {
  const std::string frames[] = {
      std::string{"\x83\x01x", 3},     // an opcode that does not exist
      std::string{"\xC1\x01x", 3},     // a reserved bit
      std::string{"\x81\x81mmmmx", 7}, // masked by a server
      std::string{"\x09\x01x", 3},     // a ping in fragments
      std::string{"\x80\x01x", 3},     // a continuation of nothing
      std::string{"\x81\x01\xFF", 3},  // not UTF-8
      std::string{"\x81\x7F\x00\x00\x00\x01\x00\x00\x00\x00"
                  "x",
                  11},             // announces 4 GiB
      std::string{"\x88\x01x", 3}, // a close frame of one byte
  };
  wire_server server{[&](wire& on, std::size_t n) {
    peer{on}.accept();
    on.write(frames[n]);
    on.read_end();
  }};
  for (auto& f : frames) {
    auto socket = open(server);
    expect_opened();
    auto closed = expect_closed();
    EXPECT_EQ(closed.how, websocket_end::misbehaved) << testing::PrintToString(f) << closed.reason;
  }
}

TEST_F(WebsocketHostile, GivenHandshakesThatAreNoneWhenTheyComeThenUnreachableOrRefused) {
  const std::string answers[] = {
      "garbage\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
      "",
  };
  wire_server server{[&](wire& on, std::size_t n) {
    peer{on}.read_request();
    on.write(answers[n]);
  }};
  for (std::size_t i = 0; i < std::size(answers); ++i) {
    auto socket = open(server);
    auto closed = expect_closed();
    EXPECT_TRUE(closed.how == websocket_end::unreachable || (i == 1 && closed.how == websocket_end::refused))
        << i << " " << closed.reason;
  }
}

TEST_F(WebsocketHostile, GivenPeerThatDoesNotReadWhenTheBoundIsReachedThenSendRefuses) {
  std::promise<void> over;
  auto test_over = over.get_future().share();
  wire_server server{[test_over](wire& on, std::size_t) {
    peer{on}.accept();
    test_over.wait();
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.max_queued = 4;
  to.max_queued_bytes = 64 * 1024 * 1024;
  auto socket = open(to);
  expect_opened();
  int taken = 0;
  while (taken < 1000 && socket->send(std::string(4 * 1024 * 1024, 'n')))
    ++taken;
  EXPECT_GE(taken, 4);
  EXPECT_LT(taken, 1000);
  to.max_queued_bytes = 10;
  auto small = open(to);
  expect_opened();
  EXPECT_FALSE(small->send("more than ten bytes"));
  EXPECT_TRUE(small->send("ten bytes!"));
  over.set_value();
}

TEST_F(WebsocketHostile, GivenOwnerThatHandlesNothingWhenTheBoundIsReachedThenThePeerCannotSendAnyMore) {
  constexpr int texts = 400;
  const std::string large(256 * 1024, 'w');
  std::atomic<int> written{0};
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    for (int i = 0; i < texts; ++i) {
      p.send_text(large);
      ++written;
    }
    on.read_end();
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.max_waiting_bytes = 1024 * 1024;
  auto socket = open(to);
  expect_opened();

  // Until nothing moves: the bound and the socket's buffers are full.
  int before = -1;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(50ms);
    return std::exchange(before, written.load()) == written && written > 0;
  }));
  EXPECT_LT(written, 100); // 25 MiB of 100
  for (int i = 0; i < texts; ++i)
    EXPECT_EQ(expect_text(), large);
}

TEST_F(WebsocketHostile, GivenCountBoundWhenTheOwnerCatchesUpThenAllTextsComeInOrder) {
  constexpr int texts = 20'000;
  wire_server server{[](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    packer pack;
    for (int i = 0; i < texts; ++i)
      p.send(2, pack(std::to_string(i)));
    on.read_end();
  }};
  websocket_request to;
  to.url = server.url("ws");
  to.compression = transport_compression::zlib_stream;
  to.max_waiting = 3;
  auto socket = open(to);
  expect_opened();
  for (int i = 0; i < texts; ++i)
    ASSERT_EQ(expect_text(), std::to_string(i));
}

TEST_F(WebsocketHostile, GivenTextsStillHeldWhenTheClientHasGoneThenLettingThemGoIsHarmless) {
  wire_server server{[](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    for (int i = 0; i < 100; ++i)
      p.send_text("held");
    on.read_end();
  }};
  std::vector<websocket_text> held;
  std::unique_ptr<websocket> socket;
  {
    services::net::io_thread its{"test-websocket2"};
    services::websocket::client short_lived{its.context(), {}};
    websocket_request to;
    to.url = server.url("ws");
    to.max_waiting = 5;
    socket = short_lived.open(caf::actor_cast<caf::actor>(owner), to);
    expect_opened();
    for (int i = 0; i < 5; ++i)
      owner->receive([&](websocket_text& e) { held.push_back(std::move(e)); });
    EXPECT_TRUE(std::holds_alternative<std::monostate>(next(50ms))); // it waits for room
  }
  held.clear();
  EXPECT_FALSE(socket->send("x"));
}

} // namespace
} // namespace tutti::tests::services_websocket
