#include "runtime/entity/parts.hpp"
#include "tests/runtime/entity/fixture.hpp"

#include <memory>

namespace tutti::tests::entities {
namespace {

struct nudge {
  std::string word;
};

} // namespace
} // namespace tutti::tests::entities

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::nudge)

namespace tutti::tests::entities {
namespace {

/// Its state is the list of its parts' names; a part holds its own name and a number that grows.
struct book_of_parts {
  texts all;
  std::shared_ptr<entity::parts> parts;
  std::map<std::string, std::string> content;
  void fields(auto& f) { f("all", all); }
};
using self = entity::entity<book_of_parts>;

struct Parts : Entities {
  self* live_one = nullptr;
  texts read, stops;
  bool loaded = false;

  void SetUp() override {
    types.add(entity::define<book_of_parts>("notebook", "worker", "Parts")
                  .read<peek>("peek", [](const self& s, const peek&) { return lines{s.state.all, s.epoch()}; })
                  .on_start([this](self& s) {
                    live_one = &s;
                    loaded = false;
                    s.state.parts = std::make_shared<entity::parts>(
                        s, [&s](const std::string& name) -> std::optional<std::string> {
                          auto found = s.state.content.find(name);
                          if (found == s.state.content.end())
                            return std::nullopt;
                          return found->second;
                        });
                    s.state.parts->load(
                        {"a", "b", "c"},
                        [this](const std::string& name, std::string&& bytes) {
                          read.push_back(name + "=" + bytes);
                        },
                        [this] { loaded = true; });
                  })
                  .on<nudge>([this](self& s, nudge& m) {
                    s.state.all.push_back(std::move(m.word));
                    s.save({}, {});
                    s.when_durable([this] { stops.push_back("saved"); });
                  })
                  .on_stop([this](self& s) {
                    s.state.content["c"] = "last";
                    s.state.parts->touch("c", [this] { stops.push_back("c"); });
                  })
                  .persist());
    start();
    open_all();
    lines_of("k");
  }
  /// As a handler of its would.
  void within(std::function<void(book_of_parts&)> f) {
    client->send(caf::actor_cast<caf::actor>(live_one),
                 entity::run_function{[this, f = std::move(f)] { f(live_one->state); }});
    run();
  }
  void change(const std::string& name, const std::string& text) {
    within([=](auto& state) {
      state.content[name] = text;
      state.parts->touch(name);
    });
  }
  void again(std::uint64_t epoch) {
    read.clear();
    lose(partition("k"), epoch - 1);
    open(partition("k"), epoch);
    lines_of("k");
  }
};

TEST_F(Parts, GivenChangedPartsWhenTakenOverThenTheyAreReadAsTheyWereLast) {
  EXPECT_TRUE(loaded);
  EXPECT_EQ(read, texts{});
  change("a", "1");
  change("b", "2");
  change("a", "3");
  again(2);
  EXPECT_EQ(read, (texts{"a=3", "b=2"}));
}

TEST_F(Parts, GivenARemovedPartWhenTakenOverThenItIsGone) {
  change("a", "1");
  within([](auto& state) {
    state.content.clear();
    state.parts->touch("a");
  });
  again(2);
  EXPECT_EQ(read, texts{});
}

TEST_F(Parts, GivenASaveUnderWayWhenChangedManyTimesThenOneMoreSaveFollows) {
  script->hold_saves = true;
  change("a", "1");
  bool done = false;
  for (int i = 2; i < 10; ++i)
    change("a", std::to_string(i));
  within([&](auto& state) { state.parts->when_saved([&] { done = true; }); });
  release();
  EXPECT_FALSE(done) << "only the first is saved";
  release();
  EXPECT_TRUE(done);
  EXPECT_EQ(script->saves.size(), 2u);
  EXPECT_EQ(script->saves.back().bytes, "9");
}

TEST_F(Parts, GivenOthersChangeOnWhenSavedThenWhoeverWaitsForTheEarlierOnesIsNotHeldUp) {
  script->hold_saves = true;
  change("a", "1");
  bool done = false;
  within([&](auto& state) { state.parts->when_saved([&] { done = true; }); });
  change("b", "1");
  change("a", "2"); // while the first is under way
  release();
  EXPECT_TRUE(done);
  EXPECT_FALSE(live_one->state.parts->saved());
  script->hold_saves = false;
  release();
  EXPECT_TRUE(live_one->state.parts->saved());
}

TEST_F(Parts, GivenAStoreThatCannotBeReachedWhenItIsBackThenThePartIsSaved) {
  script->fail_save = make_error(ec::unavailable, "gone");
  change("a", "1");
  run_for(60s, 50ms);
  EXPECT_FALSE(live_one->state.parts->saved());
  EXPECT_LT(script->saves.size(), 100u) << "with a backoff";
  script->fail_save.reset();
  run_for(3s);
  EXPECT_TRUE(live_one->state.parts->saved());
  again(2);
  EXPECT_EQ(read, texts{"a=1"});
}

TEST_F(Parts, GivenALaterOwnersFenceWhenSavedThenTheActivationEnds) {
  script->book.raise({{{"worker", partition("k"), 7}}});
  change("a", "1");
  EXPECT_EQ(live(), 0u);
}

TEST_F(Parts, GivenWorkWhenItsPartitionClosesThenItStopsWhenItIsSaved) {
  script->hold_saves = true;
  auto closed = close(partition("k"));
  EXPECT_FALSE(closed->done);
  release();
  EXPECT_EQ(stops, texts{"c"});
  EXPECT_TRUE(closed->value);
}

TEST_F(Parts, GivenALocalMessageWhenItSavesThenItLearnsThatItIsDurable) {
  script->hold_saves = true;
  client->send(caf::actor_cast<caf::actor>(live_one), nudge{"word"});
  run();
  EXPECT_EQ(stops, texts{});
  script->hold_saves = false;
  release();
  EXPECT_EQ(stops, texts{"saved"});
  EXPECT_EQ(lines_of("k"), texts{"word"});
}

} // namespace
} // namespace tutti::tests::entities
