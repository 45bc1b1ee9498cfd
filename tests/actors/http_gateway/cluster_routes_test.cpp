#include "tests/actors/http_gateway/gateways.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::tests::gateways;
using runtime::ec;

namespace {

struct ClusterRoutes : Gateways {
  /// What stands in the lists of `path`, page by page.
  std::vector<std::string> walk(const std::string& path, std::size_t limit) {
    std::vector<std::string> out;
    std::string cursor;
    for (int page = 0; page < 100; ++page) {
      auto answer =
          parsed(ask("a", "GET",
                     path + "&limit=" + std::to_string(limit) + (cursor.empty() ? "" : "&cursor=" + cursor)));
      EXPECT_EQ(said_by(answer), "a up, b up, c up; complete");
      EXPECT_LE(answer["items"].Size(), limit);
      for (auto& item : answer["items"].GetArray())
        out.emplace_back(item["path"].GetString());
      if (answer["nextCursor"].IsNull())
        return out;
      cursor = answer["nextCursor"].GetString();
    }
    ADD_FAILURE() << "it has no end";
    return out;
  }

  void add_things() {
    add_thing("a", "one", 4);
    add_thing("a", "two", 0);
    add_thing("b", "one", 9);
    add_thing("b", "k/e y#1", 4);
    add_thing("c", "one", 1);
  }
};

TEST_F(ClusterRoutes, GivenActorsOnSeveralNodesWhenPagesAreWalkedThenEachComesOnceInOrder) {
  add_things();
  const std::vector<std::string> by_path{"/a/one", "/a/two", "/b/k/e y#1", "/b/one", "/c/one"};
  const std::vector<std::string> by_messages{"/b/one", "/a/one", "/b/k/e y#1", "/c/one", "/a/two"};
  for (std::size_t limit : {1, 2, 3, 4, 5, 500}) {
    EXPECT_EQ(walk("/actors?type=thing", limit), by_path) << limit;
    EXPECT_EQ(walk("/actors?type=thing&sort=messages", limit), by_messages) << limit;
  }
  EXPECT_EQ(walk("/actors?type=thing&node=b", 1), (std::vector<std::string>{"/b/k/e y#1", "/b/one"}));
  EXPECT_EQ(walk("/actors?type=thing&node=elsewhere", 5), std::vector<std::string>{});
}

TEST_F(ClusterRoutes, GivenSilentNodeWhenListsAreAskedThenTheOthersAnswerWithinASecond) {
  add_things();
  silent = {"b"};
  auto actors = send("a", "GET", "/actors?type=thing");
  auto trees = send("a", "GET", "/supervision");
  auto clusters = send("a", "GET", "/clusters");
  run_for(500ms);
  EXPECT_FALSE(actors->answer || trees->answer || clusters->answer);
  run_for(490ms);
  for (auto& got : {actors, trees, clusters}) {
    ASSERT_TRUE(got->answer);
    EXPECT_EQ(got->answer->status, 200);
    EXPECT_EQ(said_by(parsed(*got->answer)), "a up, b unreachable, c up; incomplete");
  }
  auto page = parsed(*actors->answer);
  EXPECT_EQ(page["items"].Size(), 3u);
  EXPECT_TRUE(page["nextCursor"].IsNull());
  auto tree = parsed(*trees->answer);
  EXPECT_STREQ(tree["nodes"][0]["tree"]["path"].GetString(), "/a");
  EXPECT_TRUE(tree["nodes"][1]["tree"].IsNull());
}

TEST_F(ClusterRoutes, GivenNodeWithoutConnectionWhenListsAreAskedThenNobodyWaits) {
  add_things();
  cut = {"c"};
  EXPECT_EQ(said_by(parsed(ask("a", "GET", "/actors"))), "a up, b up, c unreachable; incomplete");
  EXPECT_EQ(said_by(parsed(ask("a", "GET", "/clusters"))), "a up, b up, c unreachable; incomplete");
}

TEST_F(ClusterRoutes, GivenNodeThatIsDownWhenListsAreAskedThenItIsNotMissed) {
  silent = {"b"};
  set_state("b", cluster::member_state::down);
  EXPECT_EQ(said_by(parsed(ask("a", "GET", "/actors"))), "a up, c up; complete");
  EXPECT_EQ(parsed(ask("a", "GET", "/clusters"))["members"].Size(), 3u);
}

TEST_F(ClusterRoutes, GivenEventsOfSeveralCoordinatorsWhenClusterIsShownThenTheyAreInOrder) {
  int asked = 0;
  view = [&] {
    cluster::cluster_view out;
    out.coordinator = "b";
    out.partitions = {{"a", 3}, {"b", 5}};
    auto second = 100 - ++asked; // each node has another one, the later asked the earlier
    out.events.push_back({std::chrono::system_clock::time_point{std::chrono::seconds{second}}, "moved"});
    return out;
  };
  auto answer = parsed(ask("a", "GET", "/clusters"));
  EXPECT_STREQ(answer["coordinator"].GetString(), "b");
  EXPECT_EQ(answer["members"][1]["partitions"].GetInt(), 5);
  EXPECT_EQ(answer["members"][2]["partitions"].GetInt(), 0);
  std::vector<std::string> times;
  for (auto& e : answer["events"].GetArray())
    times.emplace_back(e["time"].GetString());
  EXPECT_EQ(times.size(), 3u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST_F(ClusterRoutes, GivenLeaseStoreAwayWhenClusterIsShownThenWhatIsKnownAndIncomplete) {
  view = [] {
    cluster::cluster_view out;
    out.partitions = {{"a", 8}};
    out.store_error = "unavailable: connection refused";
    return out;
  };
  auto answer = parsed(ask("a", "GET", "/clusters"));
  EXPECT_TRUE(answer["coordinator"].IsNull());
  EXPECT_EQ(answer["partitionsPerMember"]["a"].GetInt(), 8);
  EXPECT_EQ(said_by(answer), "a up, b up, c up; incomplete");
}

TEST_F(ClusterRoutes, GivenCoordinatorsThatHangWhenClusterIsShownThenAnswerWithinASecond) {
  blind = true;
  auto got = send("a", "GET", "/clusters");
  run_for(990ms);
  ASSERT_TRUE(got->answer);
  auto answer = parsed(*got->answer);
  EXPECT_EQ(said_by(answer), "a up, b up, c up; incomplete");
  EXPECT_TRUE(answer["coordinator"].IsNull());
  EXPECT_EQ(answer["members"].Size(), 3u);
}

TEST_F(ClusterRoutes, GivenPlanWhenAskedForThenNobodyIsTold) {
  plan = [] { return cluster::drain_plan{{{"audio", "", 2}, {"worker", "a", 3}, {"worker", "c", 4}}}; };
  auto answer = ask("a", "POST", "/nodes/b/drain?plan=true");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"node":"b","plan":true,"moves":[{"role":"audio","to":null,"partitions":2},)"
            R"({"role":"worker","to":"a","partitions":3},{"role":"worker","to":"c","partitions":4}],)"
            R"("partitions":7,"staying":2,"entities":0,"runningJobs":0})");
  EXPECT_TRUE(nodes.at("b").told.empty());
}

TEST_F(ClusterRoutes, GivenDrainAndUndrainWhenAskedForThenThatNodeAloneIsTold) {
  EXPECT_EQ(ask("a", "POST", "/nodes/b/drain").status, 202);
  EXPECT_EQ(ask("a", "POST", "/nodes/b/undrain", "{}").status, 200);
  EXPECT_EQ(ask("a", "POST", "/nodes/a/drain?plan=false").status, 202);
  EXPECT_EQ(nodes.at("b").told, (std::vector<std::string>{"leave", "up"}));
  EXPECT_EQ(nodes.at("a").told, std::vector<std::string>{"leave"});
  EXPECT_TRUE(nodes.at("c").told.empty());
}

TEST_F(ClusterRoutes, GivenSilentNodeWhenItIsToDrainThenTheOutcomeIsUnknown) {
  silent = {"b"};
  auto drain = send("a", "POST", "/nodes/b/drain");
  auto undrain = send("a", "POST", "/nodes/b/undrain");
  auto plan_only = send("a", "POST", "/nodes/b/drain?plan=true");
  run_for(990ms);
  ASSERT_TRUE(drain->answer && undrain->answer && plan_only->answer);
  EXPECT_EQ(drain->answer->status, 504);
  EXPECT_EQ(undrain->answer->status, 504);
  EXPECT_EQ(plan_only->answer->status, 200);
  EXPECT_TRUE(parsed(*plan_only->answer)["entities"].IsNull());
}

TEST_F(ClusterRoutes, GivenNodeThatIsNotConnectedWhenItIsToDrainThenItWasNotAsked) {
  cut = {"b"};
  for (auto verb : {"drain", "undrain"}) {
    auto answer = ask("a", "POST", std::string{"/nodes/b/"} + verb);
    EXPECT_EQ(answer.status, 503) << verb;
    EXPECT_NE(answer.headers.find("Retry-After"), std::string::npos) << verb;
  }
}

TEST_F(ClusterRoutes, GivenPlanThatCannotBeMadeWhenItIsToDrainThenItIsNotTold) {
  for (auto [code, status] : {std::pair{ec::conflict, 409}, {ec::not_found, 404}, {ec::unavailable, 503}}) {
    plan = [code = code] { return runtime::make_error(code, "no"); };
    EXPECT_EQ(ask("a", "POST", "/nodes/b/drain").status, status);
  }
  EXPECT_TRUE(nodes.at("b").told.empty());
}

TEST_F(ClusterRoutes, GivenNodeThatIsNotDownWhenDeclaredSoThenRefusedAndNobodyIsTold) {
  for (auto state :
       {cluster::member_state::joining, cluster::member_state::up, cluster::member_state::leaving}) {
    set_state("c", state);
    EXPECT_EQ(ask("a", "POST", "/nodes/c/down").status, 409) << cluster::to_string(state);
  }
  for (auto& [name, n] : nodes)
    EXPECT_TRUE(n.told.empty()) << name;
}

TEST_F(ClusterRoutes, GivenNodeThatIsDownWhenDeclaredSoThenTheMembershipThatIsAskedIsTold) {
  set_state("c", cluster::member_state::down);
  EXPECT_EQ(ask("a", "POST", "/nodes/c/undrain").status, 409);
  auto answer = ask("a", "POST", "/nodes/c/down");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"node":"c","state":"down"})");
  EXPECT_EQ(nodes.at("a").told, std::vector<std::string>{"down c"});
  EXPECT_TRUE(nodes.at("b").told.empty()) << "it learns it from the lease store";
  EXPECT_EQ(ask("b", "POST", "/nodes/c/down").status, 409) << "its membership refuses";
}

TEST_F(ClusterRoutes, GivenNamesAndParametersThatAreNoneWhenAskedThenRefusedInThatOrder) {
  for (std::string verb : {"drain", "undrain", "down"}) {
    EXPECT_EQ(ask("a", "POST", "/nodes/nobody/" + verb).status, 404) << verb;
    EXPECT_EQ(ask("a", "POST", "/nodes/no%20body/" + verb).status, 422) << verb;
    EXPECT_EQ(ask("a", "POST", "/nodes/" + std::string(65, 'x') + "/" + verb).status, 422) << verb;
    EXPECT_EQ(ask("a", "POST", "/nodes/nobody/" + verb + "?force=true").status, 422) << verb;
    EXPECT_EQ(ask("a", "POST", "/nodes/nobody/" + verb, "{").status, 400) << verb;
    EXPECT_EQ(ask("a", "POST", "/nodes/nobody/" + verb, R"({"force":true})").status, 422) << verb;
  }
  EXPECT_EQ(ask("a", "POST", "/nodes/b/drain?plan=1").status, 422);
  EXPECT_EQ(ask("a", "GET", "/supervision?node=a").status, 422);
}

TEST_F(ClusterRoutes, GivenOwnStateWhenItChangesThenTheNodeIsReadyWhileItIsUp) {
  auto& health = *nodes.at("a").health;
  EXPECT_TRUE(health.ready());
  set_state("b", cluster::member_state::down);
  EXPECT_TRUE(health.ready());
  for (auto state : {cluster::member_state::leaving, cluster::member_state::joining}) {
    set_state("a", state);
    EXPECT_FALSE(health.ready()) << cluster::to_string(state);
  }
  set_state("a", cluster::member_state::up);
  EXPECT_TRUE(health.ready());
  members[0].info.incarnation = 8; // another life of that name
  tell_members();
  EXPECT_FALSE(health.ready());
}

} // namespace
