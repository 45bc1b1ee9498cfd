#include "runtime/store/memory/store.hpp"
#include "tests/runtime/store/conformance/entity_store.hpp"

namespace tutti::tests::entities {
namespace {

/// One actor: the provider serves a single node.
class memory_world final : public world {
public:
  ~memory_world() override { end_stores(); }
  caf::actor start_store() override {
    if (!only_)
      only_ = restart();
    return only_;
  }
  caf::actor restart() {
    end_stores();
    return start(
        [this](auto& parent, auto at) { return spawn_memory_entity_store(parent, std::move(at), book_); });
  }

private:
  std::shared_ptr<memory::entity_book> book_ = std::make_shared<memory::entity_book>();
  caf::actor only_;
};

const auto in_memory = testing::Values(provider{"memory", [] { return std::make_unique<memory_world>(); }});
INSTANTIATE_TEST_SUITE_P(Memory, EntityStore, in_memory);

struct MemoryEntities : EntityStore {};
INSTANTIATE_TEST_SUITE_P(Memory, MemoryEntities, in_memory);

TEST_P(MemoryEntities, GivenStoreThatEndsWhenStartedAgainThenItKnowsFencesAndStates) {
  auto first = node();
  raise(first, 1, 10);
  saved(first, order("a", 1, 10, 0));
  auto second = static_cast<memory_world&>(here()).restart();
  EXPECT_EQ(raise(second, 1, 9), 10u);
  EXPECT_EQ(load(second, "a").version, 1u);
}

} // namespace
} // namespace tutti::tests::entities
