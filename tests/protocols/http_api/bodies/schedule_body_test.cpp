#include "protocols/http_api/bodies/dead_letter_body.hpp"
#include "protocols/http_api/bodies/schedule_body.hpp"

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

std::vector<std::string> mistakes_of(const problem& what) {
  std::vector<std::string> out;
  for (auto& error : what.errors)
    out.push_back(error.pointer);
  return out;
}

TEST(ScheduleBody, GivenCronOrIntervalWhenParsedThenDefaults) {
  EXPECT_EQ(std::get<schedule_body>(parse_schedule(R"({"type":"a","cron":"0 3 * * *"})")),
            (schedule_body{.type = "a", .cron = "0 3 * * *"}));
  EXPECT_EQ(std::get<schedule_body>(parse_schedule(R"({"type":"a","intervalMs":31536000000})")),
            (schedule_body{.type = "a", .interval_ms = 31'536'000'000}));
}

TEST(ScheduleBody, GivenAllFieldsWhenParsedThenAllThere) {
  auto parsed = parse_schedule(
      R"({"type":"a","payload": [1],"queue":"q","priority":"low","key":"k","maxAttempts":3,"timeoutMs":5,"cron":"@daily",)"
      R"("timeZone":"Europe/Berlin","catchUp":"all","jitterMs":86400000,"paused":true})");
  schedule_body want{.type = "a",
                     .payload = "[1]",
                     .queue = "q",
                     .priority = job_priority::low,
                     .key = "k",
                     .max_attempts = 3,
                     .timeout_ms = 5,
                     .cron = "@daily",
                     .time_zone = "Europe/Berlin",
                     .catch_up = catch_up_rule::all,
                     .jitter_ms = 86'400'000,
                     .paused = true};
  EXPECT_EQ(std::get<schedule_body>(parsed), want);
  EXPECT_EQ(to_string(want.catch_up), "all");
}

TEST(ScheduleBody, GivenMistakesWhenParsedThen422WithPointers) {
  struct row {
    const char* body;
    std::vector<std::string> pointers;
  };
  for (auto& [body, want] : {
           row{"{}", {"/type", "/cron"}},
           row{R"({"type":"a","cron":"x","intervalMs":1000})", {"/cron"}},
           row{R"({"type":"a","intervalMs":999})", {"/intervalMs"}},
           row{R"({"type":"a","intervalMs":31536000001})", {"/intervalMs"}},
           row{R"({"type":"a","cron":""})", {"/cron"}},
           row{R"({"type":"a","cron":7})", {"/cron"}},
           row{R"({"type":"a","cron":"x","timeZone":""})", {"/timeZone"}},
           row{R"({"type":"a","cron":"x","catchUp":"some"})", {"/catchUp"}},
           row{R"({"type":"a","cron":"x","jitterMs":-1})", {"/jitterMs"}},
           row{R"({"type":"a","cron":"x","jitterMs":86400001})", {"/jitterMs"}},
           row{R"({"type":"a","cron":"x","paused":"yes"})", {"/paused"}},
           row{R"({"type":"a","cron":"x","delayMs":1})", {"/delayMs"}},
           row{R"({"type":"a","cron":"x","idempotencyKey":"k"})", {"/idempotencyKey"}},
           row{R"({"type":"A","queue":"","priority":"x","maxAttempts":0,"timeoutMs":0,"cron":"x"})",
               {"/type", "/queue", "/priority", "/maxAttempts", "/timeoutMs"}},
           row{"[]", {""}},
       }) {
    auto parsed = parse_schedule(body);
    auto* what = std::get_if<problem>(&parsed);
    ASSERT_TRUE(what) << body;
    EXPECT_EQ(what->status, 422) << body;
    EXPECT_EQ(mistakes_of(*what), want) << body;
  }
  EXPECT_EQ(std::get<problem>(parse_schedule("{")).status, 400);
}

TEST(DeadLetterBody, GivenFiltersWhenParsedThenThere) {
  EXPECT_EQ(std::get<dead_letter_retry>(parse_dead_letter_retry("{}")), dead_letter_retry{});
  EXPECT_EQ(std::get<dead_letter_retry>(
                parse_dead_letter_retry(R"({"type":"a","queue":"q","error":"e: 503","max":10000})")),
            (dead_letter_retry{.type = "a", .queue = "q", .error = "e: 503", .max = 10000}));
}

TEST(DeadLetterBody, GivenMistakesWhenParsedThen422WithPointers) {
  for (auto& [body, pointer] :
       {std::pair{R"({"max":0})", "/max"}, std::pair{R"({"max":10001})", "/max"},
        std::pair{R"({"type":"A"})", "/type"}, std::pair{R"({"queue":"a b"})", "/queue"},
        std::pair{R"({"error":""})", "/error"}, std::pair{R"({"all":true})", "/all"}}) {
    auto parsed = parse_dead_letter_retry(body);
    ASSERT_TRUE(std::holds_alternative<problem>(parsed)) << body;
    EXPECT_EQ(mistakes_of(std::get<problem>(parsed)), (std::vector<std::string>{pointer})) << body;
  }
}

} // namespace
