#include "services/cli/demo/load.hpp"
#include "tests/services/cli/process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
using namespace tutti::services::cli;
using testing::HasSubstr;
using tutti::tests::eventually;
using tutti::tests::process;

namespace {

/// The number after these words.
pid_t number_after(const std::string& text, const std::string& words) {
  auto at = text.find(words);
  return at == text.npos ? 0 : static_cast<pid_t>(std::strtol(text.c_str() + at + words.size(), nullptr, 10));
}

bool gone(pid_t pid) {
  return ::kill(pid, 0) != 0;
}

/// Logs that nobody deletes, since their demo was killed or failed, go with the test's folder.
struct Demo : testing::Test {
  std::string folder = testing::TempDir() + "demo-XXXXXX";
  std::string temporary;

  void SetUp() override {
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    temporary = "TMPDIR=" + folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  bool logs_left() const { return !std::filesystem::is_empty(folder); }
};

TEST_F(Demo, GivenOnceWhenRunElsewhereThenEveryStepHoldsAndTheCodeIsZero) {
  // Settings of the caller that would break the node, were they passed on.
  process demo{{"demo", "--once"},
               {temporary, "QUEUE_PROVIDER=redis", "REDIS_URL=redis://127.0.0.1:1", "ADMIN_API_TOKEN=other"}};
  EXPECT_EQ(demo.wait(), 0) << demo.out() << demo.err();
  EXPECT_EQ(demo.err(), "");
  auto out = demo.out();
  EXPECT_THAT(out, HasSubstr("12. The account"));
  EXPECT_THAT(out, HasSubstr("every job accounted for"));
  EXPECT_THAT(out, HasSubstr("stopped gracefully, exit code 0"));
  EXPECT_FALSE(logs_left());
  EXPECT_TRUE(gone(number_after(out, "process ")));
}

TEST_F(Demo, GivenCtrlCWhenItStaysThenTheNodeIsStoppedToo) {
  process demo{{"demo"}, {temporary}};
  ASSERT_TRUE(eventually([&] { return demo.out().find("until Ctrl-C") != std::string::npos; })) << demo.err();
  demo.signal(SIGINT);
  EXPECT_EQ(demo.wait(), 0) << demo.err();
  EXPECT_TRUE(gone(number_after(demo.out(), "process ")));
}

TEST_F(Demo, GivenSigtermInTheTourWhenStoppedThenItFailsAndTheNodeIsGone) {
  process demo{{"demo", "--once"}, {temporary}};
  ASSERT_TRUE(eventually([&] { return demo.out().find("4. A file of jobs") != std::string::npos; }));
  demo.signal(SIGTERM);
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("interrupted"));
  EXPECT_TRUE(gone(number_after(demo.out(), "process ")));
}

TEST_F(Demo, GivenSigkillWhenItDiesThenTheNodeDoesNotOutliveIt) {
  process demo{{"demo"}, {temporary}};
  pid_t node = 0;
  ASSERT_TRUE(eventually([&] {
    node = number_after(demo.out(), "process ");
    return node > 0 && demo.out().find("on http://") != std::string::npos;
  }));
  demo.signal(SIGKILL);
  EXPECT_EQ(demo.wait(), 1000 + SIGKILL);
  EXPECT_TRUE(eventually([&] { return gone(node); }));
}

TEST_F(Demo, GivenANodeThatDiesWhenTouredThenTheStepAndTheLogAreNamed) {
  process demo{{"demo", "--once"}, {temporary}};
  pid_t node = 0;
  ASSERT_TRUE(eventually([&] {
    node = number_after(demo.out(), "process ");
    return node > 0 && demo.out().find("4. A file of jobs") != std::string::npos;
  }));
  ::kill(node, SIGKILL);
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("tutti: step "));
  EXPECT_THAT(demo.err(), HasSubstr("the node has ended: signal 9 (Killed)"));
  EXPECT_THAT(demo.err(), HasSubstr("the node's log is "));
  EXPECT_TRUE(logs_left());
}

TEST_F(Demo, GivenATakenPortWhenStartedThenTheReasonIsShown) {
  process first{{"demo"}, {temporary}};
  std::string port;
  ASSERT_TRUE(eventually([&] {
    port = std::to_string(number_after(first.out(), "on http://127.0.0.1:"));
    return port != "0";
  }));
  process second{{"demo", "--once", "--port", port}, {temporary}};
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(second.err(), HasSubstr("the node has ended by itself: exit code 1"));
  EXPECT_THAT(second.err(), HasSubstr("http: cannot listen on 127.0.0.1:" + port));
  EXPECT_TRUE(logs_left());
}

TEST(DemoLoad, GivenTheFileWhenReadThenItHasEveryKindOfJob) {
  auto jobs = file_load();
  EXPECT_EQ(jobs.size(), 30u);
  for (auto* type : {"diag.echo", "diag.sleep", "diag.fail", "diag.crash"})
    EXPECT_TRUE(std::any_of(jobs.begin(), jobs.end(), [&](auto& j) { return j.type == type; })) << type;
}

TEST(DemoLoad, GivenSubmissionsWhenPlannedThenTheOutcomeIsThatOfTheDiagTypes) {
  EXPECT_EQ(plan(R"({"type":"diag.echo"})").outcome, "succeeded");
  EXPECT_EQ(plan(R"({"type":"diag.fail","payload":{"times":2}})").attempts, 3u);
  EXPECT_EQ(plan(R"({"type":"diag.fail","payload":{"times":2},"maxAttempts":2})").outcome, "dead");
  EXPECT_EQ(plan(R"({"type":"diag.crash"})").attempts, 5u);
  EXPECT_THROW(plan(R"({"type":"player.command"})"), std::invalid_argument);
}

} // namespace
