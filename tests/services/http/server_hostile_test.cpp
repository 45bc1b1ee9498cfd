#include "tests/services/http/support.hpp"

#include <gtest/gtest.h>

// What a hostile client may send, over a real connection; request_reader_test.cpp has every malformed
// message.
namespace {

using namespace std::string_literals;
using namespace tutti::tests::services_http;

struct refused_input {
  const char* name;
  std::string bytes;
  int status;
};

void PrintTo(const refused_input& input, std::ostream* out) {
  *out << input.name;
}

struct HttpServerRefuses : testing::TestWithParam<refused_input> {};

TEST_P(HttpServerRefuses, GivenHostileInputWhenSentThenProblemAndClosed) {
  served s;
  auto c = s.connect();
  c.send(GetParam().bytes);
  auto r = c.read();
  EXPECT_EQ(r.status, GetParam().status) << r.body;
  EXPECT_EQ(r.field("Connection"), "close");
  EXPECT_EQ(r.field("Content-Type"), "application/problem+json");
  c.send_fin();
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(s.gate->waiting(), 0u);
  ASSERT_EQ(s.gate->answers().size(), 1u);
  EXPECT_EQ(s.gate->answers()[0].status, GetParam().status);
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
}

std::string with(std::string_view fields, std::string_view body = "") {
  return "POST /p HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

INSTANTIATE_TEST_SUITE_P(
    Input, HttpServerRefuses,
    testing::Values(
        refused_input{"request_line", "nonsense\r\n\r\n", 400},
        refused_input{"tls_hello", "\x16\x03\x01\x02\x00\x01"s, 400},
        refused_input{"header_line", with("no colon\r\n"), 400},
        refused_input{"bare_lf", "GET / HTTP/1.1\nHost: x\n\n", 400},
        refused_input{"obs_fold", with("A: b\r\n c\r\n"), 400},
        refused_input{"space_before_colon", with("A : b\r\n"), 400},
        refused_input{"nul", with("A: b\0c\r\n"s), 400},
        refused_input{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        refused_input{"two_hosts", with("Host: y\r\n"), 400},
        refused_input{"large_header", with("A: " + std::string(20000, 'a') + "\r\n"), 431},
        refused_input{"long_target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
        refused_input{"version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
        refused_input{"transfer_encoding", with("Transfer-Encoding: xchunked\r\n"), 501},
        refused_input{"encoding_and_length",
                      with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
        refused_input{"encoding_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                      400},
        refused_input{"two_lengths", with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400},
        refused_input{"negative_length", with("Content-Length: -1\r\n"), 400},
        refused_input{"overflowing_length", with("Content-Length: 99999999999999999999\r\n"), 400},
        refused_input{"chunk_size", with("Transfer-Encoding: chunked\r\n", "zz\r\nhello\r\n"), 400},
        refused_input{"chunk_end", with("Transfer-Encoding: chunked\r\n", "2\r\nhello\r\n0\r\n\r\n"), 400},
        refused_input{"chunk_extension",
                      with("Transfer-Encoding: chunked\r\n", "2;" + std::string(40000, 'a') + "\r\n"), 431},
        refused_input{"trailers",
                      with("Transfer-Encoding: chunked\r\n", "0\r\nA: " + std::string(40000, 'a')), 431},
        refused_input{"connect", "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 501},
        refused_input{"expectation", with("Expect: 200-maybe\r\n"), 417}),
    [](auto& input) { return std::string(input.param.name); });

TEST(HttpServerHostile, GivenGoodThenBadPipelinedWhenSentThenFirstIsAnsweredFirst) {
  served s;
  auto c = s.connect();
  c.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n\r\n");
  auto q = s.gate->take();
  q.reply({.body = "good"});
  EXPECT_EQ(c.read().body, "good");
  EXPECT_EQ(c.read().status, 400);
}

TEST(HttpServerHostile, GivenManyHeadersWhenSentThenTooMany) {
  served s;
  auto c = s.connect();
  std::string fields;
  for (int i = 0; i < 100; ++i)
    fields += "A: b\r\n";
  c.send(with(fields));
  EXPECT_EQ(c.read().status, 431);
}

TEST(HttpServerHostile, GivenTruncatedBodyWhenFinThenClosedWithoutHandingOn) {
  served s;
  for (auto input : {with("Content-Length: 5\r\n", "hel"),
                     with("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"), "GET / HTTP/1.1\r\nHo"s}) {
    auto c = s.connect();
    c.send(input);
    c.send_fin();
    EXPECT_TRUE(c.closed());
  }
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
  EXPECT_EQ(s.gate->waiting(), 0u);
  EXPECT_EQ(s.http.stats().in_flight, 0u);
}

TEST(HttpServerHostile, GivenTruncatedSecondRequestWhenFinThenFirstIsStillAnswered) {
  served s;
  auto c = s.connect();
  c.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + with("Content-Length: 5\r\n", "hel"));
  c.send_fin();
  s.gate->take().reply({.body = "a"});
  EXPECT_EQ(c.read().body, "a");
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(s.gate->waiting(), 0u);
}

} // namespace
