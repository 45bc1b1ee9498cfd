#include "protocols/http_api/bodies/job_body.hpp"

#include <algorithm>

#include <gtest/gtest.h>

using namespace tutti::protocols::http_api;

namespace {

submission job_of(std::string_view body) {
  auto parsed = parse_submission(body);
  if (auto* mistake = std::get_if<problem>(&parsed)) {
    ADD_FAILURE() << body << ": " << mistake->detail;
    return {};
  }
  return std::move(std::get<submission>(parsed));
}

problem job_problem(std::string_view body) {
  auto parsed = parse_submission(body);
  if (auto* mistake = std::get_if<problem>(&parsed))
    return std::move(*mistake);
  ADD_FAILURE() << "accepted: " << body;
  return {};
}

std::vector<std::string> pointers(const problem& what) {
  std::vector<std::string> out;
  for (auto& error : what.errors)
    out.push_back(error.pointer);
  return out;
}

using words = std::vector<std::string>;

TEST(JobBody, GivenTypeOnlyWhenParsedThenDefaults) {
  EXPECT_EQ(job_of(R"({"type":"diag.echo"})"), (submission{.type = "diag.echo"}));
}

TEST(JobBody, GivenAllFieldsWhenParsedThenAllThere) {
  auto job = job_of(R"( {"payload" : {"a":[1, 2.50, "x\n\u00e4"], "b":{}} , "type":"playlist.sync",
    "idempotencyKey":"k-1 ~","priority":"high","queue":"Bulk_1","key":"g\u00fcild \ud83c\udfb5","delayMs":31622400000,
    "maxAttempts":100,"timeoutMs":86400000} )");
  EXPECT_EQ(job.type, "playlist.sync");
  EXPECT_EQ(job.payload, R"({"a":[1, 2.50, "x\n\u00e4"], "b":{}})");
  EXPECT_EQ(job.idempotency_key, "k-1 ~");
  EXPECT_EQ(job.priority, job_priority::high);
  EXPECT_EQ(job.queue, "Bulk_1");
  EXPECT_EQ(job.key, "g\xC3\xBCild \xF0\x9F\x8E\xB5");
  EXPECT_EQ(job.delay_ms, 31622400000);
  EXPECT_EQ(job.max_attempts, 100u);
  EXPECT_EQ(job.timeout_ms, 86400000);
  EXPECT_EQ(job_of(R"({"type":"a","runAt":"2026-11-22T18:30:00.123+01:00"})").run_at_ms, 1795368600123);
}

TEST(JobBody, GivenAnyPayloadWhenParsedThenItsTextAsReceived) {
  for (std::string payload : {"{}",
                              "[]",
                              "null",
                              "true",
                              "false",
                              "0",
                              "-0",
                              "1.50",
                              "-12e+3",
                              "12345678901234567890123",
                              "\"\"",
                              "\"}\"",
                              "\",\"",
                              "\"a\\\"b\"",
                              "\"\\u0000\\\\\"",
                              "{\"a\":{\"a\":{}}}",
                              "[ 1 , [ 2 ] ]",
                              "{ }",
                              "\"\xC3\xA4\"",
                              "[\"]\"]",
                              "{\"type\":5,\"unknown\":1}"})
    for (std::string gap : {"", " ", "\r\n\t "}) {
      auto value = "\"payload\"" + gap + ":" + gap + payload + gap;
      EXPECT_EQ(job_of("{" + value + "," + gap + "\"type\":\"a\"}").payload, payload);
      EXPECT_EQ(job_of("{\"type\":\"a\"," + gap + value + "}").payload, payload);
      EXPECT_EQ(job_of(gap + "{\"type\":\"a\"," + value + ",\"queue\":\"q\"}" + gap).queue, "q");
    }
}

TEST(JobBody, GivenLimitsWhenMetThenAccepted) {
  job_of(R"({"type":")" + std::string(128, 'a') + R"(","queue":")" + std::string(64, 'Q')
         + R"(","idempotencyKey":")" + std::string(255, '~') + R"("})");
  std::string key;
  for (int i = 0; i < 255; ++i)
    key += "\xC3\xA4";
  EXPECT_EQ(job_of(R"({"type":"a.b_c-9","key":")" + key + "\"}").key, key);
  job_of(R"({"type":"a","delayMs":0,"maxAttempts":1,"timeoutMs":1,"priority":"low"})");
  job_of(R"({"ty\u0070e":"a"})");
}

struct bad_field {
  const char* member;
  const char* pointer;
};

TEST(JobBody, GivenOneBadFieldWhenParsedThen422WithItsPointer) {
  const std::string long_type(129, 'a'), long_queue(65, 'q'), long_key(256, 'k');
  const std::string type = "\"type\":\"" + long_type + "\"", queue = "\"queue\":\"" + long_queue + "\"",
                    key = "\"key\":\"" + long_key + "\"", idem = "\"idempotencyKey\":\"" + long_key + "\"";
  for (auto& [member, pointer] : {
           bad_field{type.c_str(), "/type"},
           bad_field{R"("type":"")", "/type"},
           bad_field{R"("type":"A")", "/type"},
           bad_field{R"("type":"a b")", "/type"},
           bad_field{R"("type":"\u00e4")", "/type"},
           bad_field{R"("type":"a\u0000")", "/type"},
           bad_field{R"("type":null)", "/type"},
           bad_field{R"("type":1)", "/type"},
           bad_field{R"("type":["a"])", "/type"},
           bad_field{R"("type":{"a":1})", "/type"},
           bad_field{queue.c_str(), "/queue"},
           bad_field{R"("queue":"")", "/queue"},
           bad_field{R"("queue":"a/b")", "/queue"},
           bad_field{R"("queue":true)", "/queue"},
           bad_field{key.c_str(), "/key"},
           bad_field{R"("key":"")", "/key"},
           bad_field{R"("key":"a\nb")", "/key"},
           bad_field{R"("key":"\u0000")", "/key"},
           bad_field{R"("key":"\u007f")", "/key"},
           bad_field{R"("key":null)", "/key"},
           bad_field{idem.c_str(), "/idempotencyKey"},
           bad_field{R"("idempotencyKey":"")", "/idempotencyKey"},
           bad_field{R"("idempotencyKey":"\u00e4")", "/idempotencyKey"},
           bad_field{R"("idempotencyKey":"a\tb")", "/idempotencyKey"},
           bad_field{R"("idempotencyKey":7)", "/idempotencyKey"},
           bad_field{R"("priority":"High")", "/priority"},
           bad_field{R"("priority":"")", "/priority"},
           bad_field{R"("priority":0)", "/priority"},
           bad_field{R"("delayMs":-1)", "/delayMs"},
           bad_field{R"("delayMs":31622400001)", "/delayMs"},
           bad_field{R"("delayMs":1.5)", "/delayMs"},
           bad_field{R"("delayMs":1e3)", "/delayMs"},
           bad_field{R"("delayMs":"5")", "/delayMs"},
           bad_field{R"("delayMs":18446744073709551615)", "/delayMs"},
           bad_field{R"("delayMs":99999999999999999999999)", "/delayMs"},
           bad_field{R"("runAt":"tomorrow")", "/runAt"},
           bad_field{R"("runAt":"2026-11-22T17:30:00")", "/runAt"},
           bad_field{R"("runAt":1795368600123)", "/runAt"},
           bad_field{R"("maxAttempts":0)", "/maxAttempts"},
           bad_field{R"("maxAttempts":101)", "/maxAttempts"},
           bad_field{R"("maxAttempts":4294967297)", "/maxAttempts"},
           bad_field{R"("timeoutMs":0)", "/timeoutMs"},
           bad_field{R"("timeoutMs":86400001)", "/timeoutMs"},
           bad_field{R"("timeoutMs":false)", "/timeoutMs"},
           bad_field{R"("delayms":1)", "/delayms"},
           bad_field{R"("a/b~":1)", "/a~1b~0"},
           bad_field{R"("":1)", "/"},
           bad_field{R"("payload":1,"payload":1)", "/payload"},
           bad_field{R"("queue":"a","q\u0075eue":"a")", "/queue"},
           bad_field{R"("delayMs":1,"runAt":"2026-11-22T17:30:00Z")", "/delayMs"},
       }) {
    const bool names_type = std::string_view{member}.starts_with("\"type\"");
    auto what = job_problem(names_type ? "{" + std::string{member} + "}"
                                       : "{\"type\":\"a\"," + std::string{member} + "}");
    EXPECT_EQ(what.status, 422) << member;
    EXPECT_EQ(pointers(what), (words{pointer})) << member;
    EXPECT_TRUE(what.detail.starts_with(pointer)) << what.detail;
  }
}

TEST(JobBody, GivenManyMistakesWhenParsedThenAllAreReported) {
  auto what =
      job_problem(R"({"payload":1,"payload":2,"priority":"x","queue":5,"bogus":{"type":"a"},"delayMs":-1,)"
                  R"("runAt":"x","maxAttempts":1000,"timeoutMs":"1","key":"","idempotencyKey":[]})");
  auto found = pointers(what);
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (words{"/bogus", "/delayMs", "/delayMs", "/idempotencyKey", "/key", "/maxAttempts",
                          "/payload", "/priority", "/queue", "/runAt", "/timeoutMs", "/type"}));
}

TEST(JobBody, GivenThousandsOfUnknownFieldsWhenParsedThenTheListIsBounded) {
  std::string body = "{";
  for (int i = 0; i < 5000; ++i)
    body += "\"x" + std::to_string(i) + "\":1,";
  body += "\"type\":\"a\"}";
  EXPECT_EQ(job_problem(body).errors.size(), 100u);
}

TEST(JobBody, GivenNotAnObjectWhenParsedThen422) {
  for (const char* body :
       {"[]", "[{\"type\":\"a\"}]", "1", "-1.5", "\"x\"", "null", "true", " false ", "[[1],{}]"}) {
    auto what = job_problem(body);
    EXPECT_EQ(what.status, 422) << body;
    EXPECT_EQ(pointers(what), words{""}) << body;
  }
  EXPECT_EQ(pointers(job_problem("{}")), words{"/type"});
}

TEST(JobBody, GivenNotJsonWhenParsedThen400WithOffset) {
  using namespace std::string_literals;
  for (auto& body : {""s,
                     " "s,
                     "{"s,
                     "}"s,
                     "{]"s,
                     "{\"type\":\"a\",}"s,
                     "{\"type\":\"a\"}x"s,
                     "{\"type\":\"a\"} {}"s,
                     "{'type':'a'}"s,
                     "{type:\"a\"}"s,
                     "{\"type\" \"a\"}"s,
                     "{\"type\":tru}"s,
                     "{\"type\":01}"s,
                     "{\"type\":.5}"s,
                     "{\"type\":+1}"s,
                     "{\"type\":NaN}"s,
                     "{\"type\":\"\\x\"}"s,
                     "{\"type\":\"\\u12g4\"}"s,
                     "{\"type\":\"\n\"}"s,
                     "{\"type\":\"\\ud800\"}"s,
                     "{\"type\":\"\\udc00\"}"s,
                     "{\"type\":\"\\ud800\\u0041\"}"s,
                     "{\"\\udfff\":1}"s,
                     "{\"type\":\"\xFF\"}"s,
                     "{\"type\":\"\xC0\x80\"}"s,
                     "{\"type\":\"\xED\xA0\x80\"}"s,
                     "{\"\xC3\":1}"s,
                     "{\"payload\":\"\xF5\"}"s,
                     "\xEF\xBB\xBF{}"s,
                     "{\"type\":\"a\"}\0"s,
                     "\0{}"s,
                     "{\"type\":\"a\0b\"}"s,
                     "{\"type\":\"a\"}\0junk"s,
                     "{\"a\":\0}"s,
                     "// c\n{}"s,
                     "{\"a\":1e999}"s}) {
    auto what = job_problem(body);
    EXPECT_EQ(what.status, 400) << body;
    EXPECT_TRUE(what.errors.empty());
    EXPECT_TRUE(what.detail.find("at byte ") != std::string::npos || body.empty()) << what.detail;
  }
  EXPECT_NE(job_problem("{\"type\":\"a\"}x").detail.find("(at byte 12)"), std::string::npos);
}

TEST(JobBody, GivenIdempotencyHeaderWhenAppliedThenFieldMustAgree) {
  auto job = job_of(R"({"type":"a","idempotencyKey":"k1"})");
  EXPECT_FALSE(apply_idempotency_header(job, std::nullopt));
  EXPECT_FALSE(apply_idempotency_header(job, "k1"));
  EXPECT_FALSE(apply_idempotency_header(job, "\"k1\""));
  auto what = apply_idempotency_header(job, "k2");
  ASSERT_TRUE(what);
  EXPECT_EQ(what->status, 422);
  EXPECT_EQ(pointers(*what), words{"/idempotencyKey"});
  submission bare{.type = "a"};
  EXPECT_FALSE(apply_idempotency_header(bare, R"("a\"b\\")"));
  EXPECT_EQ(bare.idempotency_key, R"(a"b\)");
  for (std::string_view odd : {R"("a"b")", R"("a\b")", R"("a\")", R"(")", R"("a)"}) {
    submission fresh{.type = "a"};
    EXPECT_FALSE(apply_idempotency_header(fresh, odd));
    EXPECT_EQ(fresh.idempotency_key, odd);
  }
  const std::string too_long(256, 'a');
  for (std::string_view bad :
       {std::string_view{""}, std::string_view{"\"\""}, std::string_view{too_long}, std::string_view{"a\x7F"},
        std::string_view{"\xC3\xA4"}, std::string_view{"a\tb"}}) {
    submission fresh{.type = "a"};
    auto refused = apply_idempotency_header(fresh, bad);
    ASSERT_TRUE(refused) << bad;
    EXPECT_EQ(refused->status, 422);
    EXPECT_FALSE(fresh.idempotency_key);
  }
}

} // namespace
