#include "tests/runtime/entity/remote/fixture.hpp"

namespace tutti::tests::entities {
namespace {

struct RemoteRouter : Nodes {};

TEST_F(RemoteRouter, GivenEntityOnAnotherNodeWhenAskedThenItsReplyComesBack) {
  two();
  auto got = ask("a", "k", put{"x"});
  run();
  ASSERT_TRUE(got->value) << describe(got->error);
  EXPECT_EQ(got->value->all, texts{"x"});
  EXPECT_EQ(at("b").script->saves.size(), 1u);
  EXPECT_TRUE(at("a").script->loads.empty());
}

TEST_F(RemoteRouter, GivenJsonAndInspectionWhenAskedThenTheyTravelToo) {
  two();
  auto none = ask<entity::json_reply>("a", "k", entity::inspect_entity{});
  run();
  EXPECT_TRUE(none->failed(ec::not_found)) << describe(none->error);
  auto wrote = ask<entity::json_reply>("a", "k", entity::json_command{"put", R"({"line":"x"})"});
  run();
  ASSERT_TRUE(wrote->value) << describe(wrote->error);
  EXPECT_EQ(wrote->value->json, R"({"all":["x"],"epoch":1})");
  auto seen = ask<entity::json_reply>("a", "k", entity::inspect_entity{});
  run();
  ASSERT_TRUE(seen->value);
  EXPECT_NE(seen->value->json.find(R"("node":"b")"), std::string::npos) << seen->value->json;
}

TEST_F(RemoteRouter, GivenErrorsWhenAskedThenTheyHaveTheirCodeAndWords) {
  two();
  auto refused = ask("a", "k", put{""});
  auto boom = ask("a", "k", explode{});
  run();
  EXPECT_TRUE(refused->failed(ec::rejected));
  EXPECT_EQ(words(refused->error), "/line: is empty");
  EXPECT_TRUE(boom->failed(ec::failed));
  EXPECT_EQ(words(boom->error), "a bug");
}

TEST_F(RemoteRouter, GivenEntityThatEndsBeforeItComesToAMessageWhenAskedThenUnavailable) {
  two();
  ask("a", "k", peek{});
  run();
  sys.spawn([this](caf::event_based_actor* self) { // one frame: the throw, and one behind it
    auto ref = at("a").refs->ref("notebook", "k");
    ref.tell(self, put{"first"}); // goes at once, so that the next two gather
  });
  auto boom = ask("a", "k", explode{}), behind = ask("a", "k", peek{});
  run();
  EXPECT_TRUE(boom->failed(ec::failed)) << describe(boom->error);
  run_for(1s);
  EXPECT_TRUE(behind->value || behind->failed(ec::unavailable)) << describe(behind->error); // not a timeout
}

TEST_F(RemoteRouter, GivenTypeOrMessageThatTheOtherBuildLacksWhenAskedThenItSaysSo) {
  start("a");
  auto other = static_cast<entity::entity_type>(define_notebook());
  std::erase_if(other.handlers, [](auto& h) { return h.name == "peek"; });
  start("b", other);
  connect("a", "b");
  believe("a", "b");
  open("b");
  auto got = ask("a", "k", peek{});
  run();
  EXPECT_TRUE(got->failed(ec::rejected)) << describe(got->error);
  EXPECT_NE(words(got->error).find("does not know the message peek"), std::string::npos);
  other.name = "diary";
  start("c", other);
  connect("a", "c");
  believe("a", "c");
  got = ask("a", "k", put{"x"});
  run();
  EXPECT_TRUE(got->failed(ec::not_found)) << describe(got->error);
}

TEST_F(RemoteRouter, GivenTellsAndAsksOfOneSenderWhenHandledThenTheirOrderIsKept) {
  two();
  auto last = std::make_shared<texts>();
  sys.spawn([=, this](caf::event_based_actor* self) {
    auto ref = at("a").refs->ref("notebook", "k");
    for (int i = 0; i < 300; ++i)
      if (i % 3 == 0)
        ref.ask(self, put{std::to_string(i)}, 10s).then([](lines&) {});
      else
        ref.tell(self, put{std::to_string(i)});
    ref.ask(self, peek{}, 10s).then([=](lines& got) { *last = got.all; });
  });
  run();
  ASSERT_EQ(last->size(), 300u);
  for (std::size_t i = 0; i < 300; ++i)
    ASSERT_EQ((*last)[i], std::to_string(i));
}

TEST_F(RemoteRouter, GivenFramesBeforeThePeerIsAnnouncedWhenItIsThenTheyAreDelivered) {
  start("a");
  start("b");
  up("a", "b"); // b has not been told of a yet
  believe("a", "b");
  believe("b", "b");
  open("b");
  auto got = ask("a", "k", put{"x"}, 5s);
  run_for(500ms);
  EXPECT_FALSE(got->done);
  up("b", "a");
  EXPECT_TRUE(got->value) << describe(got->error);
}

TEST_F(RemoteRouter, GivenFramesWithoutALinkWhenItComesMuchLaterThenTheyAreNotHandledAndTheNextAre) {
  start("a");
  start("b");
  up("a", "b"); // b has lost a
  believe("a", "b");
  believe("b", "b");
  open("b");
  for (int i = 0; i < 32; ++i) { // all that may be unacknowledged
    ask("a", "k", put{"old"}, 60s);
    run_for(10ms);
  }
  run_for(1100ms);
  up("b", "a");
  EXPECT_TRUE(at("b").script->saves.empty());
  auto got = ask("a", "k", put{"new"}, 5s);
  run_for(1s);
  ASSERT_TRUE(got->value) << describe(got->error);
  EXPECT_EQ(got->value->all.back(), "new");
}

TEST_F(RemoteRouter, GivenNodeThatWasFrozenWhenItThawsThenWhatLayInItsSocketIsRefused) {
  two();
  run_for(2s);
  at("b").clock->frozen += 60s;
  auto old = ask("a", "k", put{"old"}, 5s);
  run();
  EXPECT_TRUE(old->failed(ec::unavailable)) << describe(old->error);
  run_for(1500ms); // its tick, and a second
  auto fresh = ask("a", "k", put{"fresh"}, 5s);
  run();
  ASSERT_TRUE(fresh->value) << describe(fresh->error);
  EXPECT_EQ(fresh->value->all, texts{"fresh"});
}

TEST_F(RemoteRouter, GivenOwnerThatChangesWhenMessagesWaitThenTheyGoToTheNewOneInOrder) {
  two();
  start("c");
  connect("a", "c");
  believe("a", "");
  std::vector<asked<lines>> wrote;
  for (int i = 0; i < 5; ++i)
    wrote.push_back(ask("a", "k", put{std::to_string(i)}));
  run();
  EXPECT_EQ(at("a").entities->waiting(), 5u);
  open("c", 2);
  believe("a", "c");
  for (auto& w : wrote)
    ASSERT_TRUE(w->value) << describe(w->error);
  EXPECT_EQ(wrote[4]->value->all, (texts{"0", "1", "2", "3", "4"}));
  EXPECT_TRUE(at("b").script->saves.empty());
}

TEST_F(RemoteRouter, GivenOwnerOfAnOlderIncarnationWhenAskedThenTheMessageWaitsForTheNewTable) {
  start("a");
  start("b");
  up("a", "b", 2); // the table still names incarnation 1
  up("b", "a");
  believe("a", "b");
  open("b");
  auto got = ask("a", "k", peek{}, 1s);
  run_for(1s);
  EXPECT_TRUE(got->failed(ec::unavailable)) << describe(got->error);
  EXPECT_TRUE(at("b").script->loads.empty());
}

TEST_F(RemoteRouter, GivenNodesThatEachThinkTheOtherIsTheOwnerWhenAskedThenItEndsWithUnavailable) {
  start("a");
  start("b");
  connect("a", "b");
  believe("a", "b");
  believe("b", "a");
  auto got = ask("a", "k", peek{});
  run();
  EXPECT_TRUE(got->failed(ec::unavailable)) << describe(got->error);
  EXPECT_NE(words(got->error).find("do not agree"), std::string::npos);
}

TEST_F(RemoteRouter, GivenMessageForwardedOnceWhenAnsweredThenTheAskerHears) {
  two();
  start("c");
  connect("a", "c");
  connect("c", "b");
  believe("a", "c"); // an older table
  believe("c", "b");
  auto got = ask("a", "k", put{"x"}), bad = ask("a", "k", put{""});
  run();
  EXPECT_TRUE(got->value) << describe(got->error);
  EXPECT_TRUE(bad->failed(ec::rejected));
}

TEST_F(RemoteRouter, GivenOwnerWithoutThePartitionYetWhenAskedThenItWaitsThereAndIsToldInTime) {
  start("a");
  start("b");
  connect("a", "b");
  believe("a", "b");
  believe("b", "b");
  auto served = ask("a", "k", peek{}, 5s), late = ask("a", "k", peek{}, 500ms);
  run_for(500ms);
  EXPECT_TRUE(late->failed(ec::unavailable)) << describe(late->error);
  EXPECT_FALSE(served->done);
  open("b");
  EXPECT_TRUE(served->value);
}

TEST_F(RemoteRouter, GivenServiceOfANodeWhenAskedThenItAnswersFromHereAndThere) {
  two();
  auto service = sys.spawn([]() -> caf::behavior {
    return {[](const entity::node_question& q) { return entity::json_reply{"[" + q.payload + "]"}; }};
  });
  client->send(at("b").router, entity::serve_node{"echo", service});
  run();
  auto remote = ask_node("a", "b", "echo"), local = ask_node("b", "b", "echo"),
       none = ask_node("a", "b", "nope"), nobody = ask_node("a", "z", "echo"),
       own = ask_node("a", "a", "echo");
  run();
  ASSERT_TRUE(remote->value && local->value);
  EXPECT_EQ(remote->value->json, "[{}]");
  EXPECT_EQ(local->value->json, "[{}]");
  for (auto& bad : {none, nobody, own})
    EXPECT_TRUE(bad->failed(ec::unavailable)) << describe(bad->error);
  client->send_exit(service, caf::exit_reason::kill);
  run();
  auto gone = ask_node("a", "b", "echo");
  run();
  EXPECT_TRUE(gone->failed(ec::unavailable)) << describe(gone->error);
}

TEST_F(RemoteRouter, GivenServiceThatDoesNotAnswerWhenAskedThenTimeoutAfterTheQuestionsOwnTime) {
  two();
  auto mute = sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const entity::node_question&) -> caf::result<entity::json_reply> {
      return self->make_response_promise<entity::json_reply>();
    }};
  });
  running.push_back(mute);
  client->send(at("b").router, entity::serve_node{"mute", mute});
  run();
  auto got = ask_node("a", "b", "mute", 1s);
  run_for(3s);
  EXPECT_TRUE(got->failed(ec::timeout)) << describe(got->error);
}

TEST_F(RemoteRouter, GivenCoordinatorsWordWhenItWroteTheTableThenEachNodeHearsOnce) {
  two();
  std::map<std::string, int> heard;
  for (auto name : {"a", "b"}) {
    auto service = sys.spawn([&heard, name]() -> caf::behavior {
      return {[&heard, name](cluster::look_at_table) { ++heard[name]; }};
    });
    running.push_back(service);
    client->send(at(name).router, entity::serve_node{entity::table_service, service});
  }
  run();
  client->send(at("a").router, cluster::look_at_table{});
  run();
  EXPECT_EQ(heard, (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
}

TEST_F(RemoteRouter, GivenBadFrameWhenItComesThenWhatFollowsIsServed) {
  two();
  sys.spawn([this](caf::event_based_actor*) {
    at("b").router->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(at("a").router),
                                                      caf::make_message_id(), {}, entity::frame_atom::value,
                                                      std::uint64_t{1}, std::uint64_t{0},
                                                      std::string{"\x01\x01\xff rubbish"}),
                            nullptr);
  });
  run();
  auto got = ask("a", "k", peek{});
  run();
  EXPECT_TRUE(got->value) << describe(got->error);
}

} // namespace
} // namespace tutti::tests::entities
