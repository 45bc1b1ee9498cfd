#include "tests/services/websocket/support.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <vector>

namespace tutti::tests::services_websocket {
namespace {

using services::websocket::client_options;

TEST_F(WebsocketClient, GivenServerWhenOpenedThenHandshakeHasPathAndHeadersAndAnswersAreGiven) {
  std::promise<std::string> head;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    head.set_value(p.accept("Session-Resumed: true\r\n"));
    on.read_end();
  }};
  websocket_request to;
  to.url = server.url("ws") + "/v4/websocket?v=10&encoding=json";
  to.headers = {{"Authorization", "youshallnotpass"}, {"User-Agent", "tutti"}};
  auto socket = open(to);

  auto opened = expect_opened();
  EXPECT_EQ(opened.socket, socket->id());
  EXPECT_EQ(opened.headers.find("session-resumed"), "true");
  auto asked = head.get_future().get();
  EXPECT_EQ(asked.substr(0, asked.find("\r\n")), "GET /v4/websocket?v=10&encoding=json HTTP/1.1");
  EXPECT_NE(asked.find("\r\nAuthorization: youshallnotpass\r\n"), asked.npos);
  EXPECT_NE(asked.find("\r\nUser-Agent: tutti\r\n"), asked.npos);
  EXPECT_NE(asked.find("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), asked.npos);
}

TEST_F(WebsocketClient, GivenOpenWhenTextsAreSentThenTheyArriveWholeMaskedAndInOrder) {
  std::promise<std::vector<frame>> seen;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    std::vector<frame> got;
    while (got.size() < 3)
      got.push_back(p.read());
    seen.set_value(std::move(got));
    on.read_end();
  }};
  auto socket = open(server);
  expect_opened();
  std::string large(100'000, 'x');
  EXPECT_TRUE(socket->send("one"));
  EXPECT_TRUE(socket->send(large));
  EXPECT_TRUE(socket->send("three"));

  auto got = seen.get_future().get();
  EXPECT_EQ(got[0].payload, "one");
  EXPECT_EQ(got[1].payload, large);
  EXPECT_EQ(got[2].payload, "three");
  for (auto& f : got) {
    EXPECT_TRUE(f.last);
    EXPECT_TRUE(f.masked);
    EXPECT_EQ(f.opcode, 1U);
  }
}

TEST_F(WebsocketClient, GivenTextsAndFragmentsWhenTheyComeThenTheOwnerGetsWholeTexts) {
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    p.send_text("whole");
    p.send(1, "in ", false);
    p.send(9, "ping in between");
    p.send(0, "pieces", true);
    p.send_text(std::string(300'000, 'y'));
    p.send_text("");
    on.read_end();
  }};
  auto socket = open(server);
  expect_opened();
  EXPECT_EQ(expect_text(), "whole");
  EXPECT_EQ(expect_text(), "in pieces");
  EXPECT_EQ(expect_text(), std::string(300'000, 'y'));
  EXPECT_EQ(expect_text(), "");
}

TEST_F(WebsocketClient, GivenPingWhenItComesThenItIsAnswered) {
  std::promise<frame> answer;
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    p.send(9, "are you there");
    answer.set_value(p.read());
    on.read_end();
  }};
  auto socket = open(server);
  expect_opened();
  auto got = answer.get_future().get();
  EXPECT_EQ(got.opcode, 10U);
  EXPECT_EQ(got.payload, "are you there");
}

TEST_F(WebsocketClient, GivenTlsWhenTheCaIsKnownThenItOpensAndTalks) {
  wire_server server{[&](wire& on, std::size_t) {
                       peer p{on};
                       p.accept();
                       p.send_text(p.read().payload);
                       on.read_end();
                     },
                     {.tls = true}};
  use(server.ca_file());
  auto socket = open(server);
  expect_opened();
  std::string large(200'000, 'z');
  EXPECT_TRUE(socket->send(large));
  EXPECT_EQ(expect_text(), large);
}

TEST_F(WebsocketClient, GivenTlsWhenTheCaIsUnknownThenItIsRefused) {
  wire_server server{[](wire& on, std::size_t) { peer{on}.accept(); }, {.tls = true}};
  auto socket = open(server);
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::unreachable);
  EXPECT_NE(closed.reason.find("certificate is refused"), closed.reason.npos) << closed.reason;
}

TEST_F(WebsocketClient, GivenTlsWhenTheCertificateIsForAnotherNameThenItIsRefused) {
  wire_server server{[](wire& on, std::size_t) { peer{on}.accept(); }, {.tls = true, .certificate = "other"}};
  use(server.ca_file());
  auto socket = open(server);
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::unreachable);
  EXPECT_NE(closed.reason.find("hostname mismatch"), closed.reason.npos) << closed.reason;
}

TEST_F(WebsocketClient, GivenWrongPasswordWhenOpenedThenTheStatusAndHeadersAreTold) {
  wire_server server{[&](wire& on, std::size_t) {
    peer{on}.read_request();
    on.write("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno");
  }};
  auto socket = open(server);
  auto closed = expect_closed();
  EXPECT_EQ(closed.how, websocket_end::refused);
  EXPECT_EQ(closed.status, 429U);
  EXPECT_EQ(closed.headers.find("retry-after"), "7");
  EXPECT_EQ(closed.socket, socket->id());
}

TEST_F(WebsocketClient, GivenHandshakeHeadBeyondBeastsBufferWhenOpenedThenItIsRead) {
  wire_server server{[&](wire& on, std::size_t) {
    peer p{on};
    p.accept("X-Long: " + std::string(5000, 'l') + "\r\n");
    p.send_text("hello");
    on.read_end();
  }};
  auto socket = open(server);
  EXPECT_EQ(expect_opened().headers.find("x-long")->size(), 5000U);
  EXPECT_EQ(expect_text(), "hello");
}

TEST_F(WebsocketClient, GivenBadUrlOrHeaderWhenOpenedThenItIsRejected) {
  for (auto* url :
       {"http://127.0.0.1:1/", "ws://", "ws://h:0/", "ws://user:password@h/", "ws://h/\r\nX: y"}) {
    websocket_request to;
    to.url = url;
    auto socket = open(to);
    auto closed = expect_closed();
    EXPECT_EQ(closed.how, websocket_end::rejected) << url;
    EXPECT_EQ(closed.reason.find("password@"), closed.reason.npos);
  }
  websocket_request to;
  to.url = "ws://127.0.0.1:1/";
  to.headers = {{"Authorization", "a\r\nX: y"}};
  auto socket = open(to);
  EXPECT_EQ(expect_closed().how, websocket_end::rejected);
  EXPECT_FALSE(socket->send("too late"));
}

TEST_F(WebsocketClient, GivenStoppedClientWhenOpenedThenTheOwnerIsTold) {
  use().stop();
  websocket_request to;
  to.url = "ws://127.0.0.1:1/";
  auto socket = open(to);
  EXPECT_EQ(expect_closed().how, websocket_end::unreachable);
}

TEST_F(WebsocketClient, GivenHandleWhenItOutlivesTheClientThenItsCallsDoNothing) {
  wire_server server{[](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    on.read_end();
  }};
  std::unique_ptr<websocket> socket;
  {
    services::net::io_thread its{"test-websocket2"};
    services::websocket::client short_lived{its.context(), client_options{}};
    websocket_request to;
    to.url = server.url("ws");
    socket = short_lived.open(caf::actor_cast<caf::actor>(owner), to);
    expect_opened();
  }
  EXPECT_FALSE(socket->send("nobody is there"));
  socket->close(1000);
  socket->drop();
}

TEST_F(WebsocketClient, GivenManyConnectionsWhenEachTalksThenNobodyGetsAnothersTexts) {
  wire_server server{[](wire& on, std::size_t) {
    peer p{on};
    p.accept();
    for (;;)
      p.send_text(p.read().payload);
  }};
  std::map<std::uint64_t, std::unique_ptr<websocket>> sockets;
  for (int i = 0; i < 50; ++i) {
    auto socket = open(server);
    sockets.emplace(socket->id(), std::move(socket));
  }
  std::map<std::uint64_t, int> texts;
  auto enough = [](auto& t) { return t.second >= 20; };
  while (texts.size() < sockets.size() || !std::all_of(texts.begin(), texts.end(), enough)) {
    auto got = next();
    if (auto* opened = std::get_if<websocket_opened>(&got)) {
      ASSERT_TRUE(sockets.at(opened->socket)->send("hello"));
      continue;
    }
    auto* text = std::get_if<websocket_text>(&got);
    ASSERT_NE(text, nullptr);
    auto name = std::to_string(text->socket) + ":";
    auto& n = texts[text->socket];
    EXPECT_EQ(text->text, n == 0 ? "hello" : name + std::to_string(n));
    ++n;
    ASSERT_TRUE(sockets.at(text->socket)->send(name + std::to_string(n)));
  }
}

} // namespace
} // namespace tutti::tests::services_websocket
