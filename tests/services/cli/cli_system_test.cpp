#include "tests/services/cli/commands_fixture.hpp"
#include "tests/services/cli/stub_server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

using testing::HasSubstr;
using testing::Not;
using tutti::services::cli::json;
using tutti::tests::Commands;
using tutti::tests::eventually;
using tutti::tests::process;
using tutti::tests::run_tutti;
using tutti::tests::url_in;

namespace {

TEST_F(Commands, GivenOneJobWhenSubmittedThenItCanBeFollowedToItsResult) {
  auto got = tutti({"jobs", "submit", "--type", "diag.echo", "--payload", "[1,2]", "--idempotency-key",
                    "once", "--queue", "q", "--priority", "high", "--key", "k", "--max-attempts", "3",
                    "--timeout-ms", "5000", "--wait"});
  EXPECT_EQ(got.code, 0) << got.err;
  auto id = got.out.substr(0, 26);
  EXPECT_THAT(got.out, HasSubstr("succeeded: [1,2]"));
  auto again = tutti({"jobs", "submit", "--type", "diag.echo", "--payload", "[1,2]", "--idempotency-key",
                      "once", "--queue", "q", "--priority", "high", "--key", "k", "--max-attempts", "3",
                      "--timeout-ms", "5000"});
  EXPECT_THAT(again.out, testing::StartsWith(id + "  (known already"));
  auto job = tutti({"jobs", "get", id, "--json"}).parsed();
  EXPECT_EQ(job["status"].text(), "succeeded");
  EXPECT_EQ(job["queue"].text(), "q");
  EXPECT_EQ(job["priority"].text(), "high");
  EXPECT_EQ(job["key"].text(), "k");
  EXPECT_EQ(job["maxAttempts"].count(), 3u);
  EXPECT_EQ(job["timeoutMs"].count(), 5000u);
  auto shown = tutti({"jobs", "get", id});
  EXPECT_THAT(shown.out, HasSubstr("succeeded"));
  EXPECT_THAT(shown.out, HasSubstr("ATTEMPT"));
  EXPECT_THAT(shown.out, Not(HasSubstr("\x1b")));
}

TEST_F(Commands, GivenAJobThatDiesWhenWaitedForThenTheCodeIsOne) {
  auto got = tutti({"jobs", "submit", "--type", "diag.crash", "--max-attempts", "1", "--wait"});
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.out, HasSubstr("dead: failed: diag.crash was asked to throw"));
}

TEST_F(Commands, GivenABadJobWhenSubmittedThenThePlaceIsNamed) {
  auto got = tutti({"jobs", "submit", "--type", "diag.sleep", "--payload", R"({"ms":"x"})"});
  EXPECT_EQ(got.code, 1);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, HasSubstr("Unprocessable Content (422)"));
  EXPECT_THAT(got.err, HasSubstr("/payload/ms"));
  EXPECT_EQ(tutti({"jobs", "submit", "--type", "nope"}).code, 1);
}

TEST_F(Commands, GivenManyLinesWhenSubmittedThenAllAreWaitedFor) {
  std::string lines;
  for (int i = 0; i < 2500; ++i)
    lines += R"({"type":"diag.echo","payload":)" + std::to_string(i) + "}\n";
  auto got = tutti({"jobs", "submit", "--file", "-", "--wait"}, lines);
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, HasSubstr("2,500 jobs submitted"));
  EXPECT_THAT(got.err, HasSubstr("2,500 of 2,500 jobs ended (2,500 succeeded)"));
  auto list = tutti({"jobs", "list", "--all", "--json"});
  std::size_t count = 0;
  std::istringstream pages{list.out};
  for (std::string page; std::getline(pages, page);)
    count += json::parse(page).value_or(json{})["items"].items().size();
  EXPECT_EQ(count, 2500u);
}

TEST_F(Commands, GivenAFileWithBadLinesWhenSubmittedThenTheyAreNamedAndTheRestRuns) {
  auto name = testing::TempDir() + "jobs-" + std::to_string(::getpid()) + ".ndjson";
  std::ofstream{name} << R"({"type":"diag.echo"})"
                      << "\n\n"
                      << "{half\n"
                      << R"({"type":"nope"})"
                      << "\n"
                      << R"({"type":"diag.fail","payload":{"times":1}})"
                      << "\n";
  auto got = tutti({"jobs", "submit", "--file", name, "--wait"});
  ::unlink(name.c_str());
  EXPECT_EQ(got.code, 1);
  EXPECT_THAT(got.err, HasSubstr("line 3: Bad Request (400)"));
  EXPECT_THAT(got.err, HasSubstr("line 4: Unprocessable Content (422)"));
  EXPECT_THAT(got.out, HasSubstr("2 jobs submitted"));
  EXPECT_THAT(got.err, HasSubstr("2 of 2 jobs ended (2 succeeded)"));
}

TEST_F(Commands, GivenJobsWhenListedThenFiltersAndLimitsHold) {
  for (int i = 0; i < 3; ++i)
    submit_and_wait({"--type", "diag.echo", "--queue", "a"});
  submit_and_wait({"--type", "diag.crash", "--max-attempts", "1"});
  auto list = tutti({"jobs", "list", "--limit", "2"});
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 3);
  EXPECT_THAT(list.err, HasSubstr("there are more"));
  EXPECT_EQ(tutti({"jobs", "list", "--status", "dead", "--json"}).parsed()["items"].items().size(), 1u);
  EXPECT_EQ(tutti({"jobs", "list", "--queue", "a", "--type", "diag.echo", "--json"})
                .parsed()["items"]
                .items()
                .size(),
            3u);
  EXPECT_THAT(tutti({"jobs", "list", "--queue", "none"}).err, HasSubstr("no jobs"));
  EXPECT_THAT(tutti({"jobs", "types"}).out, HasSubstr("diag.sleep"));
  EXPECT_EQ(tutti({"jobs", "types", "--json"}).parsed()["items"].items().size(), 4u);
}

TEST_F(Commands, GivenARunningJobWhenCancelledThenItEndsAndCanBeRetried) {
  auto id = tutti({"jobs", "submit", "--type", "diag.sleep", "--payload", R"({"ms":600000})", "--json"})
                .parsed()["id"]
                .text();
  auto status = [&] { return tutti({"jobs", "get", id, "--json"}).parsed()["status"].text(); };
  ASSERT_TRUE(eventually([&] { return status() == "running"; }));
  EXPECT_EQ(tutti({"jobs", "cancel", id}).out, id + " is running: it has been asked to end\n");
  ASSERT_TRUE(eventually([&] { return status() == "cancelled"; }));
  EXPECT_EQ(tutti({"jobs", "cancel", id}).out, id + " is cancelled\n");
  EXPECT_THAT(tutti({"jobs", "retry", id}).out, HasSubstr(" again"));
  EXPECT_EQ(tutti({"jobs", "cancel", id}).code, 0);
  auto done = submit_and_wait({"--type", "diag.echo"});
  auto refused = tutti({"jobs", "cancel", done});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("Conflict (409): the job is already succeeded"));
  EXPECT_EQ(tutti({"jobs", "retry", done}).code, 1);
  EXPECT_THAT(tutti({"jobs", "get", "no/such job"}).err, HasSubstr("Not Found (404)"));
}

TEST_F(Commands, GivenAQueueWhenPausedPurgedAndResumedThenItDoesSo) {
  EXPECT_THAT(tutti({"queues", "pause", "slow"}).out, HasSubstr("paused"));
  for (int i = 0; i < 2; ++i)
    tutti({"jobs", "submit", "--type", "diag.echo", "--queue", "slow"});
  std::uint64_t waiting = 0;
  for (auto& queue : tutti({"queues", "list", "--json"}).parsed()["items"].items())
    if (queue["name"].text() == "slow")
      waiting = queue["depth"]["medium"]["queued"].count();
  EXPECT_EQ(waiting, 2u);
  EXPECT_THAT(tutti({"queues", "list"}).out, HasSubstr("paused"));
  EXPECT_THAT(tutti({"queues", "purge", "slow"}).out, HasSubstr("2 jobs cancelled"));
  EXPECT_THAT(tutti({"queues", "resume", "slow"}).out, HasSubstr("open"));
  EXPECT_EQ(tutti({"queues", "pause", "bad name!"}).code, 1);
}

TEST_F(Commands, GivenDeadLettersWhenRetriedAndDiscardedThenTheyGo) {
  EXPECT_THAT(tutti({"dead-letters", "list"}).err, HasSubstr("no dead letters"));
  auto recovers =
      submit_and_wait({"--type", "diag.fail", "--payload", R"({"times":1})", "--max-attempts", "1"});
  auto crashed = submit_and_wait({"--type", "diag.crash", "--max-attempts", "1", "--queue", "c"});
  EXPECT_THAT(tutti({"dead-letters", "list"}).out, HasSubstr("asked to throw"));
  EXPECT_EQ(tutti({"dead-letters", "list", "--error", "throw", "--json"}).parsed()["items"].items().size(),
            1u);
  EXPECT_EQ(tutti({"dead-letters", "retry", recovers}).code, 0);
  EXPECT_TRUE(eventually([&] {
    return tutti({"jobs", "get", recovers, "--json"}).parsed()["status"].text() == "succeeded";
  }));
  EXPECT_EQ(tutti({"dead-letters", "retry", "--type", "diag.crash", "--queue", "c", "--max", "5"}).out,
            "1 dead letter put back\n");
  EXPECT_TRUE(eventually([&] {
    return tutti({"jobs", "get", crashed, "--json"}).parsed()["status"].text() == "dead";
  }));
  EXPECT_EQ(tutti({"dead-letters", "discard", crashed}).out, crashed + " is gone for good\n");
  EXPECT_EQ(tutti({"dead-letters", "discard", crashed}).code, 1);
  EXPECT_EQ(tutti({"dead-letters", "retry", recovers}).code, 1);
}

TEST_F(Commands, GivenASchedulePutThenItIsListedAndDeleted) {
  EXPECT_THAT(tutti({"schedules", "list"}).err, HasSubstr("no schedules"));
  auto put = tutti({"schedules", "put", "tick", "--type", "diag.echo", "--payload", "{\"n\":1}", "--every",
                    "1h", "--queue", "ticks", "--catch-up", "once", "--jitter-ms", "10"});
  EXPECT_EQ(put.code, 0) << put.err;
  EXPECT_THAT(put.out, HasSubstr("every 1 h 00 m"));
  EXPECT_EQ(tutti({"schedules", "put", "night", "--type", "diag.echo", "--cron", "0 3 * * *", "--time-zone",
                   "Europe/Berlin", "--paused"})
                .code,
            0);
  auto all = tutti({"schedules", "list", "--json"}).parsed()["items"].items();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["cron"].text(), "0 3 * * *");
  EXPECT_TRUE(all[0]["paused"].flag());
  EXPECT_EQ(all[1]["intervalMs"].count(), 3'600'000u);
  EXPECT_EQ(all[1]["catchUp"].text(), "once");
  EXPECT_THAT(tutti({"schedules", "put", "bad", "--type", "diag.echo", "--cron", "61 * * * *"}).err,
              HasSubstr("/cron"));
  EXPECT_EQ(tutti({"schedules", "delete", "tick"}).code, 0);
  EXPECT_EQ(tutti({"schedules", "delete", "tick"}).code, 1);
}

TEST_F(Commands, GivenANodeWhenObservedThenActorsTreeAndHealthAreShown) {
  auto actors = tutti({"actors", "--sort", "messages", "--limit", "3"});
  EXPECT_EQ(std::count(actors.out.begin(), actors.out.end(), '\n'), 4);
  EXPECT_THAT(tutti({"actors", "--type", "job-store"}).out, HasSubstr("/local/stores/jobs"));
  auto tree = tutti({"supervision"});
  EXPECT_THAT(tree.out, HasSubstr("├─ stores  one_for_one"));
  EXPECT_THAT(tree.out, HasSubstr("   └─ gateway  running, permanent, 0 restarts"));
  EXPECT_TRUE(tutti({"supervision", "--json"}).parsed()["nodes"].is_array());
  auto health = tutti({"health"});
  EXPECT_EQ(health.code, 0);
  EXPECT_THAT(health.out, testing::StartsWith("healthy\nnode local, version "));
  EXPECT_EQ(tutti({"health", "--json"}).parsed()["status"].text(), "healthy");
}

TEST_F(Commands, GivenEventsWhenFollowedThenTheyComeAndCtrlCEnds) {
  submit_and_wait({"--type", "diag.echo"});
  auto past = tutti({"events", "--after", "0", "--count", "3"});
  EXPECT_EQ(past.code, 0);
  EXPECT_THAT(past.out, HasSubstr("job.succeeded"));
  EXPECT_THAT(past.out, HasSubstr("type=diag.echo"));
  process follower{{"events", "--json", "--topic", "job"}, {"TUTTI_URL=" + url}};
  ASSERT_TRUE(eventually([&] {
    submit_and_wait({"--type", "diag.echo"});
    return follower.out().find("job.succeeded") != std::string::npos;
  }));
  follower.signal(SIGINT);
  EXPECT_EQ(follower.wait(), 0);
}

TEST_F(Commands, GivenALostStreamWhenTheNodeIsBackThenEventsGoOn) {
  process follower{{"events"}, {"TUTTI_URL=" + url}};
  ASSERT_TRUE(eventually([&] {
    submit_and_wait({"--type", "diag.echo"});
    return !follower.out().empty();
  }));
  node->signal(SIGTERM);
  ASSERT_EQ(node->wait(), 0);
  ASSERT_TRUE(eventually([&] { return follower.err().find("lost the stream") != std::string::npos; }));
  node = std::make_unique<process>(std::vector<std::string>{"node"},
                                   std::vector<std::string>{"PORT=" + url.substr(url.rfind(':') + 1)});
  ASSERT_TRUE(eventually([&] { return !url_in(node->err()).empty(); })) << node->err();
  ASSERT_TRUE(eventually([&] {
    submit_and_wait({"--type", "diag.echo", "--queue", "after"});
    return follower.out().find("queue=after") != std::string::npos;
  })) << follower.err();
  follower.signal(SIGTERM);
  EXPECT_EQ(follower.wait(), 0);
}

TEST_F(Commands, GivenAReaderThatGoesAwayWhenWritingThenItEndsQuietly) {
  submit_and_wait({"--type", "diag.echo"});
  auto command = "TUTTI_URL=" + url + " " TUTTI_BINARY " events --after 0 2>&1 | head -1";
  auto* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text(4096, '\0');
  ASSERT_NE(std::fgets(text.data(), static_cast<int>(text.size()), pipe), nullptr);
  submit_and_wait({"--type", "diag.echo"}); // the write that finds nobody
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_THAT(text, HasSubstr("job.queued"));
  auto full = run_tutti({"jobs", "list"}, {"TUTTI_URL=" + url});
  EXPECT_EQ(full.code, 0);
}

struct WithToken : Commands {
  WithToken() { node = start({"ADMIN_API_TOKEN=s3cret-token"}); }
};

TEST_F(WithToken, GivenATokenWhenAskedThenItIsNeededAndTakenFromFlagOrEnvironment) {
  auto refused = tutti({"queues", "list"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("Unauthorized (401)"));
  EXPECT_THAT(refused.err, HasSubstr("--token or $TUTTI_TOKEN"));
  EXPECT_EQ(tutti({"queues", "list", "--token", "s3cret-token"}).code, 0);
  EXPECT_EQ(run_tutti({"queues", "list"}, {"TUTTI_URL=" + url, "TUTTI_TOKEN=s3cret-token"}).code, 0);
  EXPECT_EQ(run_tutti({"queues", "list"}, {"TUTTI_URL=" + url, "ADMIN_API_TOKEN=s3cret-token"}).code, 0);
  EXPECT_EQ(run_tutti({"events"}, {"TUTTI_URL=" + url}).code, 1);
}

struct ConfigCheck : testing::Test {
  std::string name = testing::TempDir() + "check-" + std::to_string(::getpid()) + ".toml";
  void write(const std::string& text) { std::ofstream{name} << text; }
  void TearDown() override { ::unlink(name.c_str()); }
};

TEST_F(ConfigCheck, GivenAGoodFileWhenCheckedThenEveryValueHasItsOriginAndSecretsAreHidden) {
  write("[http]\nthreads = 3\nadmin_token = \"very-s3cret-token\"\n");
  auto got = run_tutti({"config", "check", name}, {"LOG_LEVEL=warn"});
  EXPECT_EQ(got.code, 0) << got.err;
  EXPECT_THAT(got.out, testing::ContainsRegex("http.threads +3 +.*:2\n"));
  EXPECT_THAT(got.out, testing::ContainsRegex("log.level +warn +environment LOG_LEVEL\n"));
  EXPECT_THAT(got.out, testing::ContainsRegex("jobs.concurrency +512 +default\n"));
  EXPECT_THAT(got.out, Not(HasSubstr("s3cret")));
  auto json_form = run_tutti({"config", "check", name, "--json"});
  EXPECT_TRUE(json_form.parsed()["ok"].flag());
  EXPECT_THAT(json_form.out, Not(HasSubstr("s3cret")));
}

TEST_F(ConfigCheck, GivenMistakesWhenCheckedThenEachHasItsLineAndTheCodeIsTwo) {
  write("[http]\nthreads = \"many\"\nthraeds = 3\n\n[jobs]\nconcurrency = 0\n");
  auto got = run_tutti({"config", "check", name});
  EXPECT_EQ(got.code, 2);
  EXPECT_EQ(got.out, "");
  EXPECT_EQ(std::count(got.err.begin(), got.err.end(), '\n'), 3) << got.err;
  EXPECT_THAT(got.err, HasSubstr(":2: http.threads: "));
  EXPECT_THAT(got.err, HasSubstr(":3: http.thraeds: is not a known key; did you mean http.threads?"));
  EXPECT_THAT(got.err, HasSubstr(":6: jobs.concurrency: "));
  EXPECT_EQ(run_tutti({"config", "check", name, "--json"}).parsed()["mistakes"].items().size(), 3u);
  EXPECT_EQ(run_tutti({"config", "check", "/does/not/exist"}).code, 2);
  EXPECT_EQ(run_tutti({"node", "--config", name}).code, 2);
}

TEST(Hostile, GivenAServerWithControlCharactersWhenShownThenNoneReachesTheTerminal) {
  tutti::tests::stub_server server{[](auto, auto& head, auto&) {
    if (head.starts_with("GET /jobs?"))
      return tutti::tests::response(200, "{\"items\":[{\"id\":\"\\u001b[2J\",\"type\":\"\xc2\x9b"
                                         "31m\",\"status\":\"\\r\"}],\"nextCursor\":null}");
    return tutti::tests::response(
        418, "{\"title\":\"\\u001b]0;x\\u0007\",\"detail\":\"\xe2\x80\xae\\nsecond line\"}");
  }};
  for (auto& arguments : std::vector<std::vector<std::string>>{
           {"jobs", "list"}, {"jobs", "list", "--json"}, {"queues", "list"}, {"health"}, {"events"}}) {
    auto got = run_tutti(arguments, {"TUTTI_URL=" + server.url()});
    for (auto* bad : {"\x1b", "\x07", "\r", "\xc2\x9b", "\xe2\x80\xae", "\nsecond"})
      EXPECT_EQ((got.out + got.err).find(bad), std::string::npos) << arguments.back();
    EXPECT_FALSE((got.out + got.err).empty());
  }
}

} // namespace
