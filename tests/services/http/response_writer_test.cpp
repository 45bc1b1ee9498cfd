#include "services/http/response_writer.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::http;
using tutti::actors::http_gateway::response;

std::string written(const response& answer, const answer_form& form) {
  std::string out;
  append_answer(out, answer, form, "D");
  return out;
}

TEST(ResponseWriter, GivenBodyWhenWrittenThenLengthTypeAndFurtherLines) {
  EXPECT_EQ(written({.status = 202, .body = "{}", .headers = "Location: /jobs/1\r\n"}, {}),
            "HTTP/1.1 202 Accepted\r\nDate: D\r\nLocation: /jobs/1\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n{}");
}

TEST(ResponseWriter, GivenHeadWhenWrittenThenLengthWithoutBody) {
  EXPECT_EQ(written({.body = "abc"}, {.head_only = true}),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n");
}

TEST(ResponseWriter, GivenNoContentWhenWrittenThenNoLength) {
  EXPECT_EQ(written({.status = 204, .body = "never"}, {.close = true}),
            "HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: close\r\n\r\n");
}

TEST(ResponseWriter, GivenOldClientThatKeepsAliveWhenWrittenThenToldSo) {
  EXPECT_NE(written({}, {.http_1_0 = true}).find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST(ResponseWriter, GivenNoEventsWhenChunkedThenNothing) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(26, 'x'));
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n");
}

TEST(DateClock, GivenNowWhenReadThenImfFixdate) {
  date_clock clock;
  auto text = std::string(clock.now());
  ASSERT_EQ(text.size(), 29u) << text;
  EXPECT_EQ(text.substr(3, 2), ", ");
  EXPECT_EQ(text.substr(25), " GMT");
}

} // namespace
