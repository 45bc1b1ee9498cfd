#include "tests/runtime/store/conformance/entity_store.hpp"

#include <atomic>
#include <future>

namespace tutti::tests::entities {
namespace {

constexpr std::size_t players = 8;
constexpr std::uint32_t shared_partition = 5;

/// An owner that saves its players as fast as it can, until it is refused.
struct racing_owner {
  caf::actor store;
  std::uint64_t epoch = 0;
  std::vector<std::uint64_t> versions = std::vector<std::uint64_t>(players);
  std::atomic<std::uint64_t> rounds{0};
  std::vector<std::string> errors;

  void run(caf::actor_system& sys) {
    while (errors.empty()) {
      std::vector<save_state> orders;
      for (std::size_t i = 0; i < players; ++i) {
        save_state next;
        next.name = {"player", std::to_string(i)};
        next.role = role;
        next.partition = shared_partition;
        next.epoch = epoch;
        next.version = versions[i];
        next.id = epoch * 1'000'000 + versions[i] + 1;
        next.bytes = std::to_string(epoch);
        orders.push_back(next);
      }
      auto got = ask_all<state_saved>(sys, store, orders);
      for (std::size_t i = 0; i < players; ++i)
        if (got[i])
          versions[i] = got[i]->version;
        else
          errors.push_back(runtime::words(got[i].error));
      ++rounds;
    }
  }
};

// The promise on which the cluster rests: the answer to a raised fence ends the old owner's writing.
TEST_P(EntityStore, GivenOwnerThatSavesWhenAnotherRaisesTheFenceThenNoSaveOfItsHappensAfterTheAnswer) {
  auto a = node(), b = node();
  std::vector<std::uint64_t> versions(players);
  load_states query;
  for (std::size_t i = 0; i < players; ++i)
    query.names.push_back({"player", std::to_string(i)});
  for (std::uint64_t epoch = 10; epoch < 50; ++epoch) {
    auto& own = epoch % 2 == 0 ? a : b;
    auto& next = epoch % 2 == 0 ? b : a;
    ASSERT_EQ(raise(own, shared_partition, epoch), epoch);
    racing_owner owner{own, epoch, versions};
    auto ended = std::async(std::launch::async, [&] { owner.run(here().system()); });
    while (owner.rounds.load() < epoch % 4 && ended.wait_for(1ms) == std::future_status::timeout) {
    }
    raise(next, shared_partition, epoch + 1);
    auto seen = expect<states_loaded>(next, query);
    ended.get();
    EXPECT_EQ(owner.errors, std::vector<std::string>(owner.errors.size(), fence_conflict));
    ASSERT_EQ(seen.states.size(), players);
    for (std::size_t i = 0; i < players; ++i)
      ASSERT_EQ(seen.states[i].version, owner.versions[i]) << "epoch " << epoch << ", player " << i;
    EXPECT_EQ(expect<states_loaded>(own, query).states, seen.states);
    versions = owner.versions;
  }
}

TEST_P(EntityStore, GivenTwoThatRaiseOneFenceWhenBothSaveThenTheLowerOneNeverAfterTheAnswerToTheHigher) {
  auto a = node(), b = node();
  for (std::uint64_t epoch = 10; epoch < 50; epoch += 2) {
    auto key = std::to_string(epoch);
    auto late = order(key, shared_partition, epoch, 0);
    auto loser = std::async(std::launch::async, [&] {
      raise(a, shared_partition, epoch);
      return bool(ask<state_saved>(a, late));
    });
    ASSERT_EQ(raise(b, shared_partition, epoch + 1), epoch + 1);
    auto version = load(b, key).version;
    EXPECT_EQ(saved(b, order(key, shared_partition, epoch + 1, version)), version + 1);
    EXPECT_EQ(loser.get(), version == 1);
  }
}

} // namespace
} // namespace tutti::tests::entities
