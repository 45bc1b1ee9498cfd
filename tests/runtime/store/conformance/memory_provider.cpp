#include "runtime/store/memory/store.hpp"
#include "tests/runtime/store/conformance/entity_store.hpp"
#include "tests/runtime/store/conformance/solo_world.hpp"

namespace tutti::tests::entities {
namespace {

using memory_world = solo_world<memory::entity_book, spawn_memory_entity_store>;

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
