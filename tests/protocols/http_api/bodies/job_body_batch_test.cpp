#include "protocols/http_api/bodies/job_body.hpp"

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

using batch = std::vector<result<submission>>;

batch batch_of(std::string_view body, batch_format format, std::size_t max = 1000) {
  auto parsed = parse_batch(body, format, max);
  if (auto* mistake = std::get_if<problem>(&parsed)) {
    ADD_FAILURE() << mistake->detail;
    return {};
  }
  return std::move(std::get<batch>(parsed));
}

int batch_status(std::string_view body, batch_format format, std::size_t max = 1000) {
  auto parsed = parse_batch(body, format, max);
  auto* mistake = std::get_if<problem>(&parsed);
  return mistake ? mistake->status : 200;
}

const submission& job_at(const batch& all, std::size_t i) {
  return std::get<submission>(all.at(i));
}
const problem& problem_at(const batch& all, std::size_t i) {
  return std::get<problem>(all.at(i));
}

TEST(JobBatch, GivenArrayWhenParsedThenAnAnswerPerElementInOrder) {
  auto all = batch_of(
      R"( [ {"type":"a","payload": [1, {"x":2}] }, {"type":"B","bogus":1} ,7,[{"type":"a"}],{},null,)"
      R"("s",{"payload":"]},{","type":"z"}] )",
      batch_format::array);
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(job_at(all, 0).payload, R"([1, {"x":2}])");
  EXPECT_EQ(problem_at(all, 1).errors.at(0).pointer, "/1/type");
  EXPECT_EQ(problem_at(all, 1).errors.at(1).pointer, "/1/bogus");
  for (std::size_t i : {2, 3, 5, 6}) {
    ASSERT_EQ(problem_at(all, i).errors.size(), 1u);
    EXPECT_EQ(problem_at(all, i).status, 422);
    EXPECT_EQ(problem_at(all, i).errors[0].pointer, "/" + std::to_string(i));
  }
  EXPECT_EQ(problem_at(all, 4).errors.at(0).pointer, "/4/type");
  EXPECT_EQ(job_at(all, 7).type, "z");
  EXPECT_EQ(job_at(all, 7).payload, R"("]},{")");
  EXPECT_TRUE(batch_of("[]", batch_format::array).empty());
}

TEST(JobBatch, GivenFieldsInOneElementWhenParsedThenTheNextStartsFresh) {
  auto all = batch_of(R"([{"type":"a","key":"k","delayMs":5},{"type":"b"}])", batch_format::array);
  EXPECT_EQ(job_at(all, 1), (submission{.type = "b"}));
}

TEST(JobBatch, GivenBadArraysWhenParsedThenTheWholeIsRefused) {
  for (const char* body : {"", "[", "[{\"type\":\"a\"}", "[{\"type\":\"a\"},]", "[{\"type\":\"a\"}]x",
                           "[1 2]", "[{\"type\":\"\xFF\"}]", "{\"a\":"})
    EXPECT_EQ(batch_status(body, batch_format::array), 400) << body;
  for (const char* body : {"{}", "{\"type\":\"a\"}", "1", "null", "\"[]\"", "{\"a\":{\"b\":[{\"c\":1}]}}"})
    EXPECT_EQ(batch_status(body, batch_format::array), 422) << body;
}

TEST(JobBatch, GivenMoreThanTheLimitWhenParsedThen422) {
  EXPECT_EQ(batch_status(R"([{"type":"a"},{"type":"a"}])", batch_format::array, 2), 200);
  EXPECT_EQ(batch_status(R"([{"type":"a"},{"type":"a"},{"type":"a"}])", batch_format::array, 2), 422);
  EXPECT_EQ(batch_status("{\"type\":\"a\"}\n{\"type\":\"a\"}\n\n", batch_format::ndjson, 2), 200);
  EXPECT_EQ(batch_status("{\"type\":\"a\"}\n{\"type\":\"a\"}\n5", batch_format::ndjson, 2), 422);
}

TEST(JobBatch, GivenNdjsonWhenParsedThenBadLinesStandAlone) {
  auto all = batch_of(
      "{\"type\":\"a\"}\r\n\n  \t\n{\"type\":\n{\"type\":\"B\"}\n[]\n{\"type\":\"c\",\"payload\":{\"n\":1}}",
      batch_format::ndjson);
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(job_at(all, 0).type, "a");
  EXPECT_EQ(problem_at(all, 1).status, 400);
  EXPECT_TRUE(problem_at(all, 1).detail.starts_with("line 4: ")) << problem_at(all, 1).detail;
  EXPECT_EQ(problem_at(all, 2).errors.at(0).pointer, "/type");
  EXPECT_TRUE(problem_at(all, 2).detail.starts_with("line 5: "));
  EXPECT_EQ(problem_at(all, 3).status, 422);
  EXPECT_EQ(job_at(all, 4).payload, "{\"n\":1}");
  EXPECT_TRUE(batch_of("", batch_format::ndjson).empty());
  EXPECT_TRUE(batch_of("\n\r\n \n", batch_format::ndjson).empty());
}

TEST(JobBatch, GivenLargeArrayWhenParsedThenAllThere) {
  std::string body = "[";
  for (int i = 0; i < 20000; ++i)
    body += std::string{i ? "," : ""} + "{\"type\":\"t" + std::to_string(i)
            + "\",\"payload\":{\"i\":" + std::to_string(i) + "}}";
  body += "]";
  auto all = batch_of(body, batch_format::array, 20000);
  ASSERT_EQ(all.size(), 20000u);
  EXPECT_EQ(job_at(all, 12345).type, "t12345");
  EXPECT_EQ(job_at(all, 19999).payload, "{\"i\":19999}");
}

} // namespace
