#include "runtime/telemetry/trace.hpp"

#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

using tutti::runtime::telemetry::trace_context;

namespace {

const std::string id = "0af7651916cd43dd8448eb211c80319c";
const std::string span = "b7ad6b7169203331";

TEST(TraceContext, GivenHeaderValuesWhenParsedThenOnlyValidOnesAreTaken) {
  struct row {
    std::string value;
    bool valid;
    const char* why;
  } table[] = {
      {"00-" + id + "-" + span + "-01", true, "sampled"},
      {"00-" + id + "-" + span + "-00", true, "not sampled"},
      {"00-" + id + "-" + span + "-ff", true, "unknown flags are dropped"},
      {"cc-" + id + "-" + span + "-01", true, "a later version of the same form"},
      {"cc-" + id + "-" + span + "-01-what-the-future", true, "a later version with more"},
      {"cc-" + id + "-" + span + "-01.", false, "more must begin with a dash"},
      {"cc-" + id + "-" + span + "-0", false, "a later version, too short"},
      {"00-" + id + "-" + span + "-01-x", false, "version 00 ends after the flags"},
      {"00-" + id + "-" + span + "-01 ", false, "trailing space"},
      {" 00-" + id + "-" + span + "-01", false, "leading space"},
      {"ff-" + id + "-" + span + "-01", false, "version ff"},
      {"FF-" + id + "-" + span + "-01", false, "upper-case version"},
      {"0g-" + id + "-" + span + "-01", false, "version is not hex"},
      {"00-" + std::string(32, '0') + "-" + span + "-01", false, "trace id of zeros"},
      {"00-" + id + "-" + std::string(16, '0') + "-01", false, "span id of zeros"},
      {"00-0AF7651916CD43DD8448EB211C80319C-" + span + "-01", false, "upper case"},
      {"00-" + id + "-B7AD6B7169203331-01", false, "upper case"},
      {"00-" + id + "-" + span + "-0A", false, "upper-case flags"},
      {"00-" + id + "-" + span + "-x1", false, "flags are not hex"},
      {"00_" + id + "-" + span + "-01", false, "wrong separator"},
      {"00-" + id + "_" + span + "-01", false, "wrong separator"},
      {"00-" + id + "-" + span + "_01", false, "wrong separator"},
      {"00-" + id + span + "--01", false, "separators shifted"},
      {"00-" + id + "-" + span, false, "no flags"},
      {"", false, "empty"},
      {"00", false, "short"},
      {std::string(55, '-'), false, "dashes"},
      {std::string(55, '\0'), false, "zero bytes"},
      {"00-" + id.substr(1) + "\xFF-" + span + "-01", false, "not ASCII"},
  };
  for (auto& [value, valid, why] : table)
    EXPECT_EQ(trace_context::parse(value).has_value(), valid) << value << ": " << why;
}

TEST(TraceContext, GivenValidHeaderWhenParsedAndFormattedThenSame) {
  auto value = "00-" + id + "-" + span + "-01";
  auto parsed = trace_context::parse(value);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->format(), value);
  EXPECT_EQ(parsed->trace_id_hex(), id);
  EXPECT_EQ(parsed->trace_id[0], 0x0A);
  EXPECT_EQ(parsed->span_id[7], 0x31);
  EXPECT_TRUE(*parsed);
}

TEST(TraceContext, GivenFlagsWhenParsedThenUndefinedOnesAreDropped) {
  auto flags = [](const std::string& version, const std::string& bits) {
    return trace_context::parse(version + "-" + id + "-" + span + "-" + bits)->flags;
  };
  EXPECT_EQ(flags("00", "ff"), 0x03);
  EXPECT_EQ(flags("00", "02"), 0x02);
  EXPECT_EQ(flags("01", "ff"), 0x01) << "of a later version only the sampled flag is known";
}

TEST(TraceContext, GivenNoTraceWhenUsedThenEmpty) {
  trace_context none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.format(), "");
  EXPECT_EQ(none.trace_id_hex(), "");
  EXPECT_FALSE(none.child());
}

TEST(TraceContext, GivenRootWhenChildMadeThenSameTraceOtherSpan) {
  auto root = trace_context::new_root();
  auto child = root.child();
  EXPECT_EQ(child.trace_id, root.trace_id);
  EXPECT_EQ(child.flags, root.flags);
  EXPECT_NE(child.span_id, root.span_id);
  EXPECT_EQ(root.flags & trace_context::sampled, trace_context::sampled);
  EXPECT_EQ(trace_context::new_root(false).flags & trace_context::sampled, 0);
  EXPECT_EQ(trace_context::parse(root.format()), root);
}

TEST(TraceContext, GivenSeveralThreadsWhenRootsMadeThenAllDiffer) {
  std::set<std::string> seen;
  std::vector<std::string> made[4];
  std::vector<std::thread> threads;
  for (auto& list : made)
    threads.emplace_back([&list] {
      for (int i = 0; i < 1000; ++i)
        list.push_back(trace_context::new_root().trace_id_hex());
    });
  for (auto& thread : threads)
    thread.join();
  for (auto& list : made)
    seen.insert(list.begin(), list.end());
  EXPECT_EQ(seen.size(), 4000U);
}

} // namespace
