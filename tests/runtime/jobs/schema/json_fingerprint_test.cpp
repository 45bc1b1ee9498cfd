#include "runtime/jobs/schema/json_fingerprint.hpp"
#include "runtime/jobs/schema/json_schema.hpp"

#include <set>

#include <gtest/gtest.h>

using namespace tutti::runtime::jobs;

namespace {

fingerprint print_of(std::string_view json) {
  auto print = fingerprint_of(json);
  EXPECT_TRUE(print) << json;
  return print.value_or(fingerprint{});
}

TEST(JsonFingerprint, GivenEqualValuesWhenWrittenDifferentlyThenTheSame) {
  const std::vector<std::vector<const char*>> groups{
      {"{}", " { } ", "\r\n{\t}"},
      {R"({"a":1,"b":[true,null]})", R"({"b":[true,null],"a":1})",
       R"({ "b" : [ true , null ] , "\u0061" : 1.0 })"},
      {"0", "-0", "0.0", "-0.0e5", "0e-99", "0.000"},
      {"1", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "0.0001e4", "100e-2"},
      {"-12", "-12.0", "-1.2e1", "-1200e-2"},
      {"1000", "1e3", "1.0e3", "10E2"},
      {"18446744073709551615", "18446744073709551615.0", "1844674407370955161.5e1"},
      {"18446744073709551616", "18446744073709551616.000", "1.8446744073709551616e19"},
      {"-9223372036854775808", "-9223372036854775808.0"},
      {"-9223372036854775809", "-9223372036854775809e0"},
      {"0.1", "1e-1", "0.10", "0.01e1"},
      {"1e300", "10e299", "1.0e+300"},
      {"\"a/\xC3\xA4\"", R"("a\/\u00e4")", R"("\u0061/\u00E4")"},
      {"\"\xF0\x9F\x8E\xB5\"", R"("\ud83c\udfb5")"},
      {R"("\u0000\n")", R"("\u0000\u000a")"}};
  std::set<fingerprint> all;
  for (auto& group : groups) {
    for (auto* text : group)
      EXPECT_EQ(print_of(text), print_of(group.front())) << text << " and " << group.front();
    EXPECT_TRUE(all.insert(print_of(group.front())).second) << group.front();
  }
}

TEST(JsonFingerprint, GivenDifferentValuesWhenComparedThenDifferent) {
  std::set<fingerprint> all;
  int count = 0;
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "1",
                           "-1",
                           "\"\"",
                           "\"0\"",
                           "\"null\"",
                           "[]",
                           "{}",
                           "[null]",
                           "[[]]",
                           "[{}]",
                           "[0]",
                           "[0,0]",
                           "[1,2]",
                           "[2,1]",
                           "[[1],2]",
                           "[[1,2]]",
                           "[1,[2]]",
                           R"({"a":1})",
                           R"({"a":2})",
                           R"({"b":1})",
                           R"({"a":{"b":1}})",
                           R"({"a":{},"b":1})",
                           R"({"a":"1"})",
                           R"({"1":"a"})",
                           R"({"":""})",
                           R"({"a":1,"a":1})",
                           R"({"a":1,"b":2})",
                           R"({"a":2,"b":1})",
                           R"(["a",1])",
                           R"([["a",1]])",
                           "1.5",
                           "1.50000000000000001",
                           "9007199254740993",
                           "9007199254740992",
                           "1e-300",
                           "1e-301",
                           "-1.5",
                           "\"a\\u0000\"",
                           "\"a\"",
                           "\"a\\u0000b\"",
                           "12345678901234567890123",
                           "12345678901234567890124",
                           "[[],[]]",
                           "[[[]]]",
                           R"([{"a":1},{"b":2}])",
                           R"([{"a":1,"b":2}])",
                           R"([{"b":2},{"a":1}])"}) {
    EXPECT_TRUE(all.insert(print_of(text)).second) << text;
    ++count;
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(count));
}

TEST(JsonFingerprint, GivenManyCloseValuesWhenHashedThenNoTwoCollide) {
  std::set<fingerprint> all;
  std::set<std::uint64_t> low;
  for (int i = 0; i < 50000; ++i) {
    auto print = print_of("{\"k\":" + std::to_string(i) + "}");
    all.insert(print);
    low.insert(print.lo);
  }
  EXPECT_EQ(all.size(), 50000u);
  EXPECT_EQ(low.size(), 50000u);
}

TEST(JsonFingerprint, GivenAnyMachineWhenHashedThenThisText) {
  // Kept beside idempotency keys in stores: a change here is a change of the stored format. The values were
  // computed by an independent implementation too.
  EXPECT_EQ(to_string(print_of("null")), "4610abe56eff5cb551622daa78f83583");
  EXPECT_EQ(to_string(print_of(R"({"id":7,"name":"x","tags":["a",1.5,null,true]})")),
            "439448076f9b8d75d1a9f4f72687e439");
  auto base = combine(fingerprint{}, "diag.echo");
  EXPECT_EQ(to_string(combine(base, {5})), "3670de6877811c1f3deb7802350a2936");
  EXPECT_EQ(to_string(combine(base, {5, 6, 7})), "fe1423f98e12590a9fce7c0cc5694b9a");
  EXPECT_EQ(to_string(fingerprint{1, 0xabcdef}), "00000000000000010000000000abcdef");
}

TEST(JsonFingerprint, GivenFieldsWhenCombinedThenOrderAndBordersCount) {
  const fingerprint base{1, 2};
  std::set<fingerprint> all{combine(base, "ab"),
                            combine(base, ""),
                            combine(combine(base, "a"), "b"),
                            combine(combine(base, "b"), "a"),
                            combine(base, {0}),
                            combine(base, {1}),
                            combine(base, {1, 2}),
                            combine(base, {2, 1}),
                            combine(base, {1, 2, 3}),
                            combine(base, fingerprint{1, 2}),
                            combine(fingerprint{2, 1}, "ab"),
                            base};
  EXPECT_EQ(all.size(), 12u);
}

TEST(JsonFingerprint, GivenBadJsonWhenHashedThenNothing) {
  using namespace std::string_literals;
  for (auto& text : {""s, " "s, "{"s, "[1,]"s, "{\"a\"}"s, "1 2"s, "nul"s, "01"s, "\"\xFF\""s, "\"\\ud800\""s,
                     "\"\\udc00\""s, "{\"\xC3\":1}"s, "1\0"s, "\0"s, "\"a\0b\""s, "1e400"s,
                     std::string(65, '[') + std::string(65, ']')})
    EXPECT_FALSE(fingerprint_of(text)) << text;
  EXPECT_TRUE(fingerprint_of(std::string(64, '[') + std::string(64, ']')));
}

} // namespace
