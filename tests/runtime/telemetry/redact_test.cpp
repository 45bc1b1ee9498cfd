#include "runtime/telemetry/redact.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

using namespace tutti::runtime::telemetry;

namespace {

std::string redacted(std::string text, const std::vector<std::string>& secrets = {}) {
  redactor{secrets}.apply(text);
  return text;
}

TEST(Redactor, GivenNamesThatHoldSecretsWhenRedactedThenValuesAreGone) {
  struct row {
    const char* in;
    const char* out;
  } table[] = {
      {"a.b token=abc x=1", "a.b token=*** x=1"},
      {"refresh_token=abc", "refresh_token=***"},
      {"PASSWORD=hunter2 a=b", "PASSWORD=*** a=b"},
      {"client-secret: s3cr3t", "client-secret: ***"},
      {"password = \"two words\" next=1", "password = \"***\" next=1"},
      {"password='it is' x", "password='***' x"},
      {"token= attempt=3", "token= attempt=3"},
      {R"({"access_token":"abc.def","expires":3600})", R"({"access_token":"***","expires":3600})"},
      {R"({"clientSecret": "a\"b", "x": 1})", R"({"clientSecret": "***", "x": 1})"},
      {R"(body="{\"token\":\"abc\",\"a\":1}")", R"(body="{\"token\":\"***\",\"a\":1}")"},
      {"GET /x?api_key=abc&page=2 HTTP", "GET /x?api_key=*** HTTP"},
      {"x-api-key: k1", "x-api-key: ***"},
      {"apikey=k1", "apikey=***"},
      {"X-Admin-Token: t", "X-Admin-Token: ***"},
      {"Authorization: Bearer abc.def more", "Authorization: ***"},
      {"authorization=Basic dXNlcjpwYXNz", "authorization=***"},
      {R"({"Authorization":"Bot abc"})", R"({"Authorization":"***"})"},
      {"sent bearer abc123 to host", "sent bearer *** to host"},
      {"sent Bearer\tabc123", "sent Bearer\t***"},
      {"redis://user:pass@host:6379/0", "redis://***@host:6379/0"},
      {"from redis://:p@ss@host and http://k@h/", "from redis://***@host and http://***@h/"},
      {"token=\"never closed", "token=\"***"},
  };
  for (auto& [in, out] : table)
    EXPECT_EQ(redacted(in), out);
}

TEST(Redactor, GivenHarmlessTextWhenRedactedThenUnchanged) {
  for (auto* text :
       {"player.rejoin guild=1 attempt=2", "tokens=5", "token_store=memory", "the token of the day",
        "GET https://discord.com/api/v10/users/@me", "http://127.0.0.1:3000/a@b", "mailto a@b.c", "",
        "password", "secret=", "bearer", "://@", "a://@b"}) {
    std::string copy = text;
    EXPECT_FALSE(redactor{}.apply(copy)) << text;
    EXPECT_EQ(copy, text);
  }
}

TEST(Redactor, GivenKnownSecretsWhenAnywhereInTextThenGone) {
  std::vector<std::string> secrets{"s3cr3t-value", "qu\"ote\\d", "p@ss/word", "short"};
  EXPECT_EQ(redacted("xs3cr3t-valuey s3cr3t-value", secrets), "x***y ***");
  EXPECT_EQ(redacted("a qu\"ote\\d b", secrets), "a *** b");
  EXPECT_EQ(redacted(R"({"v":"qu\"ote\\d"})", secrets), R"({"v":"***"})") << "JSON-escaped";
  EXPECT_EQ(redacted("q=p%40ss%2Fword", secrets), "q=***") << "percent-encoded";
  EXPECT_EQ(redacted("a short word", secrets), "a short word") << "below six characters";
}

TEST(Redactor, GivenOverlappingSecretsWhenRedactedThenNoPartStays) {
  EXPECT_EQ(redacted("x abcdefghij y", {"abcdefg", "efghij"}), "x *** y");
  EXPECT_EQ(redacted("abcdefghij", {"abcdef", "abcdefghij"}), "***") << "one is the other's beginning";
  EXPECT_EQ(redacted("aaaaaaaa", {"aaaaaa"}), "***") << "overlaps itself";
}

TEST(Redactor, GivenPemKeyWhenOnlyALineOfItAppearsThenGone) {
  std::vector<std::string> secrets{
      "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEH\n-----END"};
  EXPECT_EQ(redacted("x MIGHAgEAMBMGByqGSM49 y -----BEGIN PRIVATE KEY-----", secrets),
            "x *** y -----BEGIN PRIVATE KEY-----");
  EXPECT_EQ(redacted("k " + secrets[0] + " z", secrets), "k *** z");
}

TEST(Redactor, GivenTextOfNothingButSensitiveNamesWhenRedactedThenLinear) {
  // Quadratic work would take minutes here and run into the test's time limit.
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += "authorization=";
  EXPECT_EQ(redacted(text), "authorization=***");
  std::string quotes;
  for (int i = 0; i < 200'000; ++i)
    quotes += "token=\\\\'";
  EXPECT_NE(redacted(quotes), quotes);
}

} // namespace
