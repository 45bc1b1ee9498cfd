#include "services/http/request_reader.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::http;

struct RequestReader : testing::Test {
  using event = request_reader::event;
  reader_limits limits;
  std::vector<tutti::actors::http_gateway::header> scratch;
  request_reader reader{limits, scratch};

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      auto space = reader.prepare();
      auto count = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), count);
      reader.commit(count);
      bytes.remove_prefix(count);
    }
  }

  /// What `bytes` end in: 0 when they make `requests` whole requests and nothing more, else the refusal.
  int outcome(std::string_view bytes, std::size_t step, std::size_t requests = 1) {
    request_reader fresh(limits, scratch);
    std::size_t seen = 0;
    while (true) {
      auto space = fresh.prepare();
      auto count = std::min({space.size(), bytes.size(), step});
      std::memcpy(space.data(), bytes.data(), count);
      fresh.commit(count);
      bytes.remove_prefix(count);
      for (auto next = fresh.next(); next != event::more; next = fresh.next()) {
        if (next == event::refused)
          return fresh.refusal().status;
        if (next == event::head && fresh.has_body() && !fresh.expect_body(100, true))
          return 413;
        if (next == event::message || !fresh.has_body())
          ++seen;
      }
      if (bytes.empty())
        return seen == requests ? 0 : -1;
    }
  }
};

TEST_F(RequestReader, GivenHeadInPiecesWhenCompleteThenFieldsAreThere) {
  feed("\r\nGET /a?b=c HTTP/1.1\r\nHos");
  EXPECT_EQ(reader.next(), event::more);
  EXPECT_EQ(reader.state(), request_reader::phase::head);
  feed("t: x\r\nX-Key:  v \r\n\r\nPOST");
  ASSERT_EQ(reader.next(), event::head);
  EXPECT_EQ(reader.head().method(), "GET");
  EXPECT_EQ(reader.head().target(), "/a?b=c");
  ASSERT_EQ(scratch.size(), 2u);
  EXPECT_EQ(scratch[1].name, "X-Key");
  EXPECT_EQ(scratch[1].value, "v");
  EXPECT_FALSE(reader.has_body());
  EXPECT_TRUE(reader.has_input());
}

TEST_F(RequestReader, GivenChunksWithExtensionsAndTrailersWhenReadThenBodyOnly) {
  feed("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_EQ(reader.next(), event::head);
  ASSERT_TRUE(reader.expect_body(100, true));
  feed("5;a=b\r\nhel");
  EXPECT_EQ(reader.next(), event::more);
  feed("lo\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\nHost: y\r\n\r\nGET");
  ASSERT_EQ(reader.next(), event::message);
  EXPECT_EQ(reader.take_body(), "hello world");
  EXPECT_EQ(reader.next(), event::more);
}

// Beast's parser asserts that a last chunk is never looked at in less than five bytes.
TEST_F(RequestReader, GivenLastChunkInPiecesWhenReadThenComplete) {
  feed("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_EQ(reader.next(), event::head);
  ASSERT_TRUE(reader.expect_body(100, true));
  for (auto piece : {"0\r\n", "\r"}) {
    feed(piece);
    EXPECT_EQ(reader.next(), event::more);
  }
  feed("\n");
  EXPECT_EQ(reader.next(), event::message);
}

TEST_F(RequestReader, GivenAnyStepWhenValidThenTheSameRequests) {
  auto bytes = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
               "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
               "PUT /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3;e=\"q\"\r\nabc\r\nA\r\n0123456789\r\n0;z\r\nT: v\r\n\r\n"
               "\r\nGET /r HTTP/1.0\r\n\r\n";
  for (std::size_t step = 1; step < 200; ++step)
    EXPECT_EQ(outcome(bytes, step, 4), 0) << "step " << step;
}

TEST_F(RequestReader, GivenMalformedMessageWhenReadInAnyStepThenSameRefusal) {
  auto post = [](std::string_view fields, std::string_view body = "") {
    return "POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n\r\n" + std::string(body);
  };
  auto chunked = [&](std::string_view body) { return post("Transfer-Encoding: chunked", body); };
  using namespace std::string_literals;
  const std::pair<std::string, int> cases[] = {
      {"GET /\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"\x16\x03\x01\x02", 400},
      {" GET / HTTP/1.1\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
      {"GET / HTTP/one\r\nHost: x\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: x\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nA:\r\n\tb\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s, 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n"s, 400},
      {"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET http:///p HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 501},
      {post("Expect: miracles"), 417},
      {post("Transfer-Encoding: xchunked"), 501},
      {post("Transfer-Encoding: gzip, chunked"), 501},
      {post("Transfer-Encoding: identity"), 501},
      {post("Transfer-Encoding: chunked, chunked"), 501},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 3"), 400},
      {post("Content-Length: 3\r\nTransfer-Encoding: chunked"), 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {post("Content-Length: 3\r\nContent-Length: 4"), 400},
      {post("Content-Length: 3\r\nContent-Length: 3"), 400},
      {post("Content-Length: 3, 3"), 400},
      {post("Content-Length: -3"), 400},
      {post("Content-Length: +3"), 400},
      {post("Content-Length: 0x3"), 400},
      {post("Content-Length: "), 400},
      {post("Content-Length: 3 4"), 400},
      {post("Content-Length: 18446744073709551616"), 400},
      {post("Content-Length: 18446744073709551615"), 413},
      {post("Content-Length: 101"), 413},
      {chunked("65\r\nx"), 413},
      {chunked("40\r\n" + std::string(64, 'x') + "\r\n40\r\n"), 413},
      {chunked("ffffffffffffffff\r\n"), 413},
      {chunked("10000000000000000\r\n"), 400},
      {chunked("x\r\n\r\n"), 400},
      {chunked("-1\r\n\r\n"), 400},
      {chunked("0x5\r\nhello\r\n\r\n"), 400},
      {chunked(" 5\r\nhello\r\n"), 400},
      {chunked("5\nhello\n0\n\n\r\n"), 400},
      {chunked("5\r\nhelloX\r\n0\r\n\r\n"), 400},
      {chunked("5;=\r\nhello\r\n"), 400},
      {chunked("0\r\nbad trailer\r\n\r\n"), 400},
      {chunked("0\r\n" + std::string(2 * 16 * 1024, 'x')), 431},
      {chunked("1;" + std::string(2 * 16 * 1024, 'x')), 431},
  };
  for (auto& [bytes, status] : cases)
    for (std::size_t step : {1, 2, 3, 7, 50, 100000})
      EXPECT_EQ(outcome(bytes, step), status) << bytes.substr(0, 200) << " step " << step;
}

TEST_F(RequestReader, GivenDamagedMessagesWhenReadInPiecesThenSameOutcomeAsWhole) {
  const std::string_view sound[] = {
      "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
      "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
      "PUT /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n0\r\nT: v\r\n\r\n",
      "GET http://x/p HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n"};
  constexpr std::string_view damage = "\r\n\0\t :;,/*09aAfF\x7f\xff";
  std::mt19937 random(7); // the same in every run
  for (int i = 0; i < 20000; ++i) {
    auto bytes = std::string(sound[random() % 4]) + std::string(sound[random() % 4]);
    for (auto hits = random() % 3 + 1; hits != 0; --hits) {
      auto place = random() % bytes.size();
      auto what = damage[random() % damage.size()];
      if (random() % 3 == 0)
        bytes.erase(place, 1);
      else if (random() % 2 == 0)
        bytes.insert(place, 1, what);
      else
        bytes[place] = what;
    }
    auto whole = outcome(bytes, bytes.size(), 2);
    ASSERT_EQ(outcome(bytes, 1, 2), whole) << bytes;
    ASSERT_EQ(outcome(bytes, random() % 40 + 2, 2), whole) << bytes;
  }
}

TEST_F(RequestReader, GivenLimitsWhenPassedThenRefusedBeforeTheEndComes) {
  EXPECT_EQ(outcome("GET /" + std::string(9000, 'a'), 500), 414);
  EXPECT_EQ(outcome("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(17000, 'a'), 500), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 100; ++i)
    many += "A: b\r\n";
  EXPECT_EQ(outcome(many + "\r\n", 500), 431);
  std::string extensions = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 50; ++i)
    extensions += "1;e=" + std::string(1000, 'x') + "\r\na\r\n";
  EXPECT_EQ(outcome(extensions, 500), 400);
}

TEST_F(RequestReader, GivenAbsoluteFormWhenReadThenOriginForm) {
  feed("GET http://x:80/p?q HTTP/1.1\r\nHost: X:80\r\n\r\nGET HTTPS://x HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_EQ(reader.next(), event::head);
  EXPECT_EQ(reader.head().target(), "/p?q");
  ASSERT_EQ(reader.next(), event::head);
  EXPECT_EQ(reader.head().target(), "/");
}

TEST_F(RequestReader, GivenBodyToSkipWhenReadThenNotKept) {
  feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_EQ(reader.next(), event::head);
  ASSERT_TRUE(reader.expect_body(10, false));
  ASSERT_EQ(reader.next(), event::message);
  EXPECT_EQ(reader.take_body(), "");
}

TEST_F(RequestReader, GivenLargeRequestWhenItIsOverThenItsBufferIsGivenBack) {
  feed("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(10000, 'a') + "\r\n\r\n");
  ASSERT_EQ(reader.next(), event::head);
  EXPECT_GT(reader.prepare().size(), 2000u);
  reader.shrink();
  EXPECT_LE(reader.prepare().size(), 2048u);
}

} // namespace
