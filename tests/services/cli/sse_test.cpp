#include "services/cli/client/sse.hpp"

#include <vector>

#include <gtest/gtest.h>

using namespace tutti::services::cli;
using namespace std::chrono_literals;

namespace {

struct SseParser : testing::Test {
  sse_parser parser;
  std::vector<sse_parser::event> seen;

  void feed(std::string_view bytes) {
    parser.feed(bytes, [this](const sse_parser::event& e) {
      seen.push_back(e);
      return true;
    });
  }
};

TEST_F(SseParser, GivenAnEventWhenFedInAnyPiecesThenItIsTheSame) {
  std::string_view text = "\xEF\xBB\xBFid: 7\r\nevent: job.dead\r\ndata: {\"a\":1}\r\ndata:second\r\n\r\n"
                          ": comment\n\nid: 8\rdata\r\r";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    seen.clear();
    parser = sse_parser{};
    for (std::size_t at = 0; at < text.size(); at += size)
      feed(text.substr(at, size));
    ASSERT_EQ(seen.size(), 2u) << size;
    EXPECT_EQ(seen[0].name, "job.dead");
    EXPECT_EQ(seen[0].data, "{\"a\":1}\nsecond");
    EXPECT_EQ(seen[0].id, "7");
    EXPECT_EQ(seen[1].name, "message");
    EXPECT_EQ(seen[1].data, "");
    EXPECT_EQ(parser.last_id(), "8");
  }
}

TEST_F(SseParser, GivenAnEventWithoutIdWhenFedThenTheLastIdStays) {
  feed("id: 3\ndata: a\n\nevent: missed\ndata: {\"missed\":2}\n\n");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].id, "3");
}

TEST_F(SseParser, GivenAnIncompleteEventWhenTheConnectionEndsThenItsIdDoesNotCount) {
  feed("id: 3\ndata: a\n\nid: 4\ndata: half");
  EXPECT_EQ(parser.last_id(), "3");
  parser.reconnect();
  feed("data: b\n\n");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].data, "b");
  EXPECT_EQ(parser.last_id(), "3");
}

TEST_F(SseParser, GivenRetryWhenFedThenOnlyNumbersCount) {
  feed("retry: soon\n");
  EXPECT_FALSE(parser.retry());
  feed("retry: 1500\n");
  EXPECT_EQ(parser.retry(), 1500ms);
}

TEST_F(SseParser, GivenAnEndlessLineWhenFedThenItIsDroppedAndTheNextEventIsRead) {
  parser = sse_parser{100};
  for (int i = 0; i < 1000; ++i)
    feed(i == 0 ? "data: xxxxxxxxxx" : "xxxxxxxxxx");
  feed("\n\ndata: fine\n\n");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].data, "fine");
}

TEST_F(SseParser, GivenAReaderWhoHasEnoughWhenFedThenItStops) {
  int count = 0;
  EXPECT_FALSE(parser.feed("data: 1\n\ndata: 2\n\n", [&](auto&) { return ++count < 1; }));
  EXPECT_EQ(count, 1);
}

} // namespace
