#include "protocols/http_api/bodies/dead_letter_body.hpp"
#include "protocols/http_api/bodies/job_body.hpp"
#include "protocols/http_api/bodies/schedule_body.hpp"
#include "protocols/http_api/object_scan.hpp"
#include "protocols/http_api/utf8.hpp"

#include <chrono>
#include <random>

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

const std::string full_body =
    R"({"type":"playlist.sync","payload":{"a":[1,-2.5e3,"x\u00e4\ud83c\udfb5",null,true]},"idempotencyKey":"k-1",)"
    R"("priority":"high","queue":"bulk","key":"guild","runAt":"2026-11-22T17:30:00Z","maxAttempts":5,"timeoutMs":1000})";

std::string nested(std::size_t levels, char open, char close) {
  return std::string(levels, open) + std::string(levels, close);
}

int status_of(const result<submission>& parsed) {
  auto* mistake = std::get_if<problem>(&parsed);
  return mistake ? mistake->status : 202;
}

TEST(JobBodyFuzz, GivenValidBodyWhenCutAtEveryByteThen400) {
  ASSERT_EQ(status_of(parse_submission(full_body)), 202);
  for (std::size_t i = 0; i < full_body.size(); ++i)
    EXPECT_EQ(status_of(parse_submission(full_body.substr(0, i))), 400) << i;
  const std::string array = "[" + full_body + "," + full_body + "]";
  for (std::size_t i = 0; i < array.size(); ++i)
    EXPECT_TRUE(std::holds_alternative<problem>(parse_batch(array.substr(0, i), batch_format::array, 10)))
        << i;
}

TEST(JobBodyFuzz, GivenMutatedBodiesWhenParsedThenAnAnswerAndCleanValues) {
  constexpr unsigned seed = 4711;
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  using namespace std::string_view_literals;
  const auto spice = "{}[]\",:\\u0123eE+-.tfn \n\x00\x80\xC3\xFF"sv;
  for (int round = 0; round < 30000; ++round) {
    auto body = round % 3 ? full_body : "[" + full_body + ",{\"type\":\"b\"},[{}]]";
    for (auto n = 1 + random() % 4; n > 0; --n) {
      auto at = random() % body.size();
      switch (random() % 4) {
      case 0:
        body[at] = static_cast<char>(random());
        break;
      case 1:
        body[at] = spice[random() % spice.size()];
        break;
      case 2:
        body.erase(at, 1 + random() % 6);
        break;
      default:
        body.insert(at, body.substr(random() % body.size(), random() % 9));
      }
    }
    auto parsed = parse_submission(body);
    if (auto* job = std::get_if<submission>(&parsed)) {
      ASSERT_TRUE(valid_utf8(job->payload));
      ASSERT_FALSE(job->type.empty());
      ASSERT_EQ(status_of(parse_submission("{\"type\":\"a\",\"payload\":" + job->payload + "}")), 202)
          << job->payload;
    } else {
      auto& what = std::get<problem>(parsed);
      ASSERT_TRUE(what.status == 400 || what.status == 422);
      ASSERT_EQ(what.status == 422, !what.errors.empty());
    }
    (void)parse_batch(body, batch_format::array, 3);
    (void)parse_batch(body, batch_format::ndjson, 3);
    (void)parse_schedule(body);
    (void)parse_dead_letter_retry(body);
  }
}

TEST(JobBodyFuzz, GivenDepthWhenAtTheLimitThenAcceptedAndOneMoreRefused) {
  auto body = [](std::size_t levels) {
    return "{\"type\":\"a\",\"payload\":" + nested(levels, '[', ']') + "}";
  };
  EXPECT_EQ(status_of(parse_submission(body(max_json_depth - 1))), 202); // the body is a level itself
  EXPECT_EQ(status_of(parse_submission(body(max_json_depth))), 400);
  auto deep = parse_batch("[" + body(max_json_depth - 1) + "]", batch_format::array, 1);
  EXPECT_EQ(status_of(std::get<0>(deep).at(0)), 202); // the batch's array does not count
  EXPECT_TRUE(
      std::holds_alternative<problem>(parse_batch("[" + body(max_json_depth) + "]", batch_format::array, 1)));
}

TEST(JobBodyFuzz, GivenHundredThousandLevelsWhenParsedThenRefusedAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  std::string objects;
  for (int i = 0; i < 100000; ++i)
    objects += "{\"payload\":";
  for (auto& body : {nested(100000, '[', ']'), std::string(100000, '['), objects,
                     "{\"payload\":" + nested(100000, '[', ']') + "}"}) {
    auto parsed = parse_submission(body);
    ASSERT_EQ(status_of(parsed), 400);
    EXPECT_NE(std::get<problem>(parsed).detail.find("64 levels"), std::string::npos);
    EXPECT_TRUE(std::holds_alternative<problem>(parse_batch(body, batch_format::array, 1)));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
}

} // namespace
