#include "tests/services/cli/commands_fixture.hpp"
#include "tests/services/cli/stub_server.hpp"

#include <mutex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::ContainsRegex;
using testing::HasSubstr;
using tutti::tests::Commands;
using tutti::tests::response;
using tutti::tests::run_tutti;
using tutti::tests::stub_server;

namespace {

using ClusterCommands = Commands;

TEST_F(ClusterCommands, GivenANodeAloneWhenAskedThenItIsAMemberThatCannotBeDrained) {
  auto shown = tutti({"cluster"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("256 partitions, local coordinates\n"));
  EXPECT_THAT(shown.out, ContainsRegex("\nlocal +up.* +all +256 "));
  EXPECT_EQ(tutti({"cluster", "--json"}).parsed()["coordinator"].text(), "local");
  for (auto* order : {"drain", "undrain", "down"}) {
    auto refused = tutti({"cluster", order, "local"});
    EXPECT_EQ(refused.code, 1) << order;
    EXPECT_THAT(refused.err, HasSubstr("Conflict (409): this node is alone")) << order;
  }
  EXPECT_EQ(tutti({"cluster", "drain"}).code, 2);
  EXPECT_EQ(tutti({"cluster", "explode", "local"}).code, 2);
}

TEST_F(ClusterCommands, GivenACounterWhenCommandedThenItAnswersAndCanBeShown) {
  EXPECT_THAT(tutti({"actors", "types"}).out, ContainsRegex("\ncounter +worker +.*add, get"));
  EXPECT_EQ(tutti({"actors", "types", "--json"}).parsed()["items"].items().size(), 1u);
  EXPECT_EQ(tutti({"actors", "show", "counter", "a/b c"}).out,
            "counter a/b c is not active: its next message wakes it\n");
  auto added = tutti({"actors", "command", "counter", "a/b c", "add", R"({"by":41})"});
  EXPECT_EQ(added.code, 0) << added.err;
  EXPECT_EQ(added.parsed()["value"].integer(), 41);
  EXPECT_EQ(tutti({"actors", "command", "counter", "a/b c", "add"}).parsed()["value"].integer(), 42);
  auto shown = tutti({"actors", "show", "counter", "a/b c"});
  EXPECT_THAT(shown.out, ContainsRegex("node +local\n"));
  EXPECT_THAT(shown.out, ContainsRegex("state +.*\"value\":42"));
  EXPECT_EQ(tutti({"actors", "show", "counter", "a/b c", "--json"}).parsed()["state"]["value"].integer(), 42);
  EXPECT_THAT(tutti({"actors", "--type", "counter"}).out, HasSubstr("/local/entities/counter/"));
}

TEST_F(ClusterCommands, GivenWhatIsNotThereWhenCommandedThenTheReasonIsShown) {
  auto unknown = tutti({"actors", "show", "nothing", "x"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there is no entity type nothing"));
  EXPECT_THAT(tutti({"actors", "command", "counter", "x", "fly"}).err,
              HasSubstr("counter has no command fly"));
  auto refused = tutti({"actors", "command", "counter", "x", "add", R"({"by":"much"})"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("/by"));
  EXPECT_EQ(tutti({"actors", "command", "counter", "x", "add", "{half"}).code, 2);
  EXPECT_EQ(tutti({"actors", "show", "counter"}).code, 2);
}

constexpr auto view = R"({"name":"t","coordinator":"b","epoch":3,"partitions":256,"members":[
{"name":"a","address":"127.0.0.1:1","http":"127.0.0.1:2","roles":["api","worker"],"state":"leaving",
 "since":"2026-11-23T00:46:54.683Z","why":"","reachable":true,"partitions":12},
{"name":"b","address":"127.0.0.1:3","http":"127.0.0.1:4","roles":["api"],"state":"up",
 "since":"2026-11-23T00:46:54.683Z","why":"","reachable":false,"partitions":244},
{"name":"c","address":"127.0.0.1:5","http":"127.0.0.1:6","roles":[],"state":"down",
 "since":"2026-11-23T00:46:54.683Z","why":"its lease ended","reachable":false,"partitions":0}],
"events":[{"time":"2026-11-23T00:46:54.704Z","node":"a","what":"b coordinates now"}],"complete":false,"nodes":[]})";

TEST(ClusterAnswers, GivenMembersInEveryStateWhenShownThenEachHasItsRowAndEventsFollow) {
  stub_server server{[](auto, auto&, auto&) { return response(200, view); }};
  auto got = run_tutti({"cluster"}, {"TUTTI_URL=" + server.url()});
  EXPECT_EQ(got.code, 0);
  EXPECT_THAT(got.out, testing::StartsWith("cluster t, 256 partitions, b coordinates\n"));
  EXPECT_THAT(got.out,
              ContainsRegex("\na +leaving +127.0.0.1:1 +127.0.0.1:2 +api worker +12 +2026-11-23 00:46:54"));
  EXPECT_THAT(got.out, ContainsRegex("\nb +up, unreachable .* 244 "));
  EXPECT_THAT(got.out, ContainsRegex("\nc +down .* its lease ended\n"));
  EXPECT_THAT(got.out, HasSubstr("2026-11-23 00:46:54  b coordinates now\n"));
  EXPECT_THAT(got.err, HasSubstr("not every node has answered"));
}

TEST(ClusterAnswers, GivenAPlanWhenDrainedThenItSaysWhatMovesAndWhatStays) {
  std::mutex lock;
  std::string last;
  auto asked = [&] {
    std::lock_guard hold{lock};
    return last;
  };
  stub_server server{[&](auto, auto& head, auto&) {
    std::lock_guard hold{lock};
    last = head.substr(0, head.find(" HTTP"));
    return response(
        202, R"({"node":"a/1","plan":true,"moves":[{"role":"worker","to":"b","partitions":43},)"
             R"({"role":"shard","to":null,"partitions":2}],"partitions":43,"staying":2,"entities":7,"runningJobs":3})");
  }};
  auto plan = run_tutti({"cluster", "drain", "a/1", "--plan"}, {"TUTTI_URL=" + server.url()});
  EXPECT_EQ(asked(), "POST /nodes/a%2F1/drain?plan=true");
  EXPECT_THAT(plan.out, ContainsRegex("\nworker +43 +b\nshard +2 +nobody"));
  EXPECT_THAT(plan.out, HasSubstr("a/1 would give away 43 partitions; 7 live entities would be saved"));
  EXPECT_THAT(plan.out, HasSubstr("it would claim no jobs any more; 3 are running"));
  EXPECT_THAT(plan.err, HasSubstr("2 partitions would stay"));
  auto drained = run_tutti({"cluster", "drain", "a/1"}, {"TUTTI_URL=" + server.url()});
  EXPECT_EQ(asked(), "POST /nodes/a%2F1/drain");
  EXPECT_THAT(drained.out, HasSubstr("a/1 gives away 43 partitions"));
  EXPECT_EQ(run_tutti({"cluster", "undrain", "a"}, {"TUTTI_URL=" + server.url()}).out,
            "a may own partitions again\n");
  EXPECT_EQ(asked(), "POST /nodes/a/undrain");
  EXPECT_EQ(run_tutti({"cluster", "down", "a"}, {"TUTTI_URL=" + server.url()}).out, "a is declared dead\n");
  EXPECT_EQ(asked(), "POST /nodes/a/down");
}

TEST(ClusterAnswers, GivenANodeThatDidNotAnswerWhenActorsAreListedThenItIsNamed) {
  stub_server server{[](auto, auto&, auto&) {
    return response(200, R"({"items":[],"nextCursor":null,"complete":false,)"
                         R"("nodes":[{"name":"a","status":"up"},{"name":"b","status":"unreachable"}]})");
  }};
  EXPECT_EQ(run_tutti({"actors"}, {"TUTTI_URL=" + server.url()}).err,
            "no such actors\nnode b: unreachable\n");
}

} // namespace
