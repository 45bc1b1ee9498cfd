#include "services/cli/demo/load.hpp"
#include "services/cli/demo/surroundings.hpp"
#include "tests/services/cli/commands_fixture.hpp"
#include "tests/services/cli/stub_server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
using namespace tutti::services::cli;
using testing::HasSubstr;
using tutti::tests::eventually;
using tutti::tests::process;
using tutti::tests::run_tutti;

namespace {

constexpr std::chrono::seconds tour_deadline{150}; // 17 s on a machine with nothing else to do

/// All numbers after these words.
std::vector<pid_t> numbers_after(const std::string& text, const std::string& words) {
  std::vector<pid_t> out;
  for (auto at = text.find(words); at != text.npos; at = text.find(words, at + 1))
    out.push_back(static_cast<pid_t>(std::strtol(text.c_str() + at + words.size(), nullptr, 10)));
  return out;
}

/// Processes of the servers and nodes that the demo names.
std::vector<pid_t> children(const std::string& text) {
  return numbers_after(text, ", process ");
}

bool gone(const std::vector<pid_t>& pids) {
  return std::none_of(pids.begin(), pids.end(), [](auto pid) { return ::kill(pid, 0) == 0; });
}

/// Logs that nobody deletes, since their demo was killed or failed, go with the test's folder.
struct Demo : testing::Test {
  std::string folder = testing::TempDir() + "demo-XXXXXX";
  std::string temporary;

  void SetUp() override {
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    ASSERT_EQ(::chmod(folder.c_str(), 0755), 0); // the user postgres has to pass, where we are root
    temporary = "TMPDIR=" + folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  bool files_left() const { return !std::filesystem::is_empty(folder); }
  /// False, too, when it has ended.
  static bool reaches(process& demo, const std::string& words) {
    auto there = [&] { return demo.out().find(words) != std::string::npos; };
    return eventually([&] { return there() || demo.wait(std::chrono::milliseconds{0}); }) && there();
  }
};

TEST_F(Demo, GivenOnceWhenRunElsewhereThenEveryStepHoldsAndTheCodeIsZero) {
  // Settings of the caller that would break the nodes, were they passed on.
  process demo{
      {"demo", "--once"},
      {temporary, "QUEUE_PROVIDER=memory", "REDIS_URL=redis://127.0.0.1:1", "ADMIN_API_TOKEN=other"}};
  EXPECT_EQ(demo.wait(tour_deadline), 0) << demo.out() << demo.err();
  EXPECT_EQ(demo.err(), "");
  auto out = demo.out();
  EXPECT_THAT(out, HasSubstr("every counter answers again, each with its value, after"));
  EXPECT_THAT(out, HasSubstr("15. The account"));
  EXPECT_THAT(out, HasSubstr("every job accounted for"));
  EXPECT_THAT(out, HasSubstr("all stopped gracefully, exit code 0"));
  EXPECT_FALSE(files_left());
  EXPECT_EQ(children(out).size(), 6u) << out; // two servers, three nodes, one of them twice
  EXPECT_TRUE(gone(children(out)));
}

TEST_F(Demo, GivenCtrlCWhenItStaysThenTheVisitorMayLookAndAllIsStopped) {
  process demo{{"demo"}, {temporary}};
  ASSERT_TRUE(reaches(demo, "until Ctrl-C")) << demo.out() << demo.err();
  auto out = demo.out();
  auto value = [&](const std::string& name) {
    auto at = out.rfind(name) + name.size();
    return name + out.substr(at, out.find_first_of(" \n", at) - at);
  };
  auto shown = run_tutti({"cluster"}, {value("TUTTI_URL="), value("TUTTI_TOKEN=")});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("cluster demo, 256 partitions, "));
  EXPECT_THAT(shown.out, HasSubstr(" was lost (its lease ended)"));
  demo.signal(SIGINT);
  EXPECT_EQ(demo.wait(), 0) << demo.err();
  EXPECT_TRUE(gone(children(out)));
  EXPECT_FALSE(files_left());
}

TEST_F(Demo, GivenSigtermInTheTourWhenStoppedThenItFailsAndNothingIsLeft) {
  process demo{{"demo", "--once"}, {temporary}};
  ASSERT_TRUE(reaches(demo, "4. A file of jobs")) << demo.err();
  demo.signal(SIGTERM);
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("interrupted"));
  EXPECT_EQ(children(demo.out()).size(), 5u);
  EXPECT_TRUE(gone(children(demo.out())));
  EXPECT_FALSE(files_left());
}

TEST_F(Demo, GivenSigkillWhenItDiesThenNoServerAndNoNodeOutlivesIt) {
  process demo{{"demo"}, {temporary}};
  ASSERT_TRUE(reaches(demo, "2. What it can run")) << demo.err();
  demo.signal(SIGKILL);
  EXPECT_EQ(demo.wait(), 1000 + SIGKILL);
  auto left = children(demo.out());
  EXPECT_EQ(left.size(), 5u);
  EXPECT_TRUE(eventually([&] { return gone(left); }));
}

TEST_F(Demo, GivenANodeThatDiesWhenTouredThenTheStepAndTheLogsAreNamed) {
  process demo{{"demo", "--once"}, {temporary}};
  ASSERT_TRUE(reaches(demo, "4. A file of jobs")) << demo.err();
  ::kill(numbers_after(demo.out(), "node c, process ").at(0), SIGKILL);
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("tutti: step "));
  EXPECT_THAT(demo.err(), HasSubstr("node c has ended: signal 9 (Killed)"));
  EXPECT_THAT(demo.err(), HasSubstr("all logs are in " + folder));
  EXPECT_TRUE(files_left());
  for (auto& file : std::filesystem::recursive_directory_iterator{folder}) // no secret, no database
    EXPECT_TRUE(file.is_directory() || file.path().extension() == ".log") << file.path();
  EXPECT_TRUE(gone(children(demo.out())));
}

TEST_F(Demo, GivenATakenPortWhenAskedForThenTheReasonIsShown) {
  tutti::tests::stub_server other{[](auto, auto&, auto&) { return std::string{}; }};
  auto port = other.url().substr(other.url().rfind(':') + 1);
  process demo{{"demo", "--once", "--port", port}, {temporary}};
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("somebody listens on 127.0.0.1:" + port + " already"));
}

TEST_F(Demo, GivenAMissingProgramWhenStartedThenItSaysWhatToInstall) {
  process demo{{"demo", "--once"}, {"PATH=/nowhere", temporary}};
  EXPECT_EQ(demo.wait(), 1);
  EXPECT_THAT(demo.err(), HasSubstr("redis-server is not in PATH"));
  EXPECT_THAT(demo.err(), HasSubstr("apt-get install redis-server postgresql"));
  EXPECT_FALSE(demo.err().find("all logs") != std::string::npos);
  EXPECT_FALSE(files_left());
}

TEST_F(Demo, GivenAFolderOfAKilledDemoWhenAnotherStartsThenOnlyItsLogsStay) {
  auto dead = folder + "/tutti-demo-dead00";
  std::filesystem::create_directories(dead + "/postgres/data");
  write_private(dead + "/a.log", "x");
  ::setenv("TMPDIR", folder.c_str(), 1);
  temporary_folder first;
  EXPECT_FALSE(std::filesystem::exists(dead + "/postgres"));
  EXPECT_TRUE(std::filesystem::exists(dead + "/a.log"));
  std::filesystem::create_directory(first.path() / "redis");
  temporary_folder second; // while the first one lives
  EXPECT_TRUE(std::filesystem::exists(first.path() / "redis"));
}

TEST(DemoSurroundings, GivenATakenPortWhenWishedForThenAnotherOneIsFound) {
  tutti::tests::stub_server other{[](auto, auto&, auto&) { return std::string{}; }};
  auto taken = static_cast<std::uint16_t>(std::stoi(other.url().substr(other.url().rfind(':') + 1)));
  free_ports ports{{taken, 0}};
  EXPECT_NE(ports[0], taken);
  EXPECT_NE(ports[0], ports[1]);
  auto wished = ports[1];
  EXPECT_NE(free_ports{{wished}}[0], wished); // kept, although nobody listens
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
