#include "services/cli/client/batch.hpp"

#include <memory>

#include <gtest/gtest.h>

using namespace tutti::services::cli;

namespace {

struct closer {
  void operator()(std::FILE* f) const { std::fclose(f); }
};

struct BatchReader : testing::Test {
  std::string text;
  std::unique_ptr<std::FILE, closer> file;

  batch_reader read(std::string content, batch_limits limits = {}) {
    text = std::move(content);
    file.reset(text.empty() ? std::fopen("/dev/null", "r") : fmemopen(text.data(), text.size(), "r"));
    return {file.get(), "run", limits};
  }
};

TEST_F(BatchReader, GivenLinesWhenReadThenBlankOnesAreSkippedAndNumbersKept) {
  auto reader = read("{\"type\":\"a\",\"idempotencyKey\":\"k\"}\n\n  \t\r\n{\"type\":\"b\"}\r\n{}");
  auto batch = reader.next();
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->lines.size(), 3u);
  EXPECT_EQ(batch->lines[0].text, "{\"type\":\"a\",\"idempotencyKey\":\"k\"}");
  EXPECT_EQ(batch->lines[1].number, 4u);
  EXPECT_EQ(batch->lines[1].text, "{\"idempotencyKey\":\"run-4\",\"type\":\"b\"}");
  EXPECT_EQ(batch->lines[2].text, "{\"idempotencyKey\":\"run-5\"}");
  EXPECT_EQ(batch->body().size(), batch->bytes);
  EXPECT_EQ(reader.bytes_read(), text.size());
  EXPECT_FALSE(reader.next());
}

TEST_F(BatchReader, GivenNothingWhenReadThenThereIsNoBatch) {
  EXPECT_FALSE(read("").next());
  EXPECT_FALSE(read("\n\n \n").next());
}

TEST_F(BatchReader, GivenMoreLinesThanABatchTakesWhenReadThenNoneIsLostOrDoubled) {
  std::string all;
  for (int i = 0; i < 2500; ++i)
    all += "{\"payload\":" + std::to_string(i) + "}\n";
  auto reader = read(all);
  std::uint64_t next = 1;
  std::vector<std::size_t> sizes;
  while (auto batch = reader.next()) {
    sizes.push_back(batch->lines.size());
    for (auto& line : batch->lines)
      EXPECT_EQ(line.number, next++);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1000, 1000, 500}));
}

TEST_F(BatchReader, GivenLongLinesWhenReadThenABatchKeepsToItsBytes) {
  std::string all;
  for (int i = 0; i < 10; ++i)
    all += "{\"payload\":\"" + std::string(200, 'x') + "\"}\n";
  auto reader = read(all, {1000, 600});
  std::size_t lines = 0;
  while (auto batch = reader.next()) {
    EXPECT_LE(batch->body().size(), 600u);
    EXPECT_FALSE(batch->lines.empty());
    lines += batch->lines.size();
  }
  EXPECT_EQ(lines, 10u);
}

TEST_F(BatchReader, GivenALineThatFitsNoBatchWhenReadThenItIsNamedAndTheRestGoesOn) {
  auto reader = read("{}\n\"" + std::string(100'000, 'x') + "\"\n{}\n", {1000, 70'000});
  auto batch = reader.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->too_long, std::vector<std::uint64_t>{2});
  ASSERT_EQ(batch->lines.size(), 2u);
  EXPECT_EQ(batch->lines[1].number, 3u);
}

TEST(WithKey, GivenALineWhenItHasAKeyOrIsNoObjectThenItIsLeftAlone) {
  for (auto* line : {R"({"type":"a","idempotencyKey":"mine"})", R"({"idempotencyKey":null})", R"([1,2])", "3",
                     R"({"type":)", "not json", R"({"a":1} trailing)"})
    EXPECT_EQ(with_key(line, "k"), line);
}

TEST(WithKey, GivenAKeyDeeperInsideWhenAddedThenTheOuterObjectGetsOne) {
  EXPECT_EQ(with_key(R"(  { "payload":{"idempotencyKey":"inner"}})", "k"),
            R"(  {"idempotencyKey":"k", "payload":{"idempotencyKey":"inner"}})");
  EXPECT_EQ(with_key(R"({"payload":["idempotencyKey"]})", "k"),
            R"({"idempotencyKey":"k","payload":["idempotencyKey"]})");
}

TEST(RandomName, GivenTwoRunsWhenNamedThenTheyDiffer) {
  EXPECT_EQ(random_name().size(), 32u);
  EXPECT_NE(random_name(), random_name());
}

} // namespace
