#include "runtime/store/memory/flag_store.hpp"
#include "tests/runtime/store/conformance/solo_world.hpp"
#include "tests/runtime/store/flags/flag_store.hpp"

namespace tutti::tests::flags {
namespace {

using memory_world = entities::solo_world<memory::flag_book, spawn_memory_flag_store>;

const auto in_memory = testing::Values(provider{"memory", [] { return std::make_unique<memory_world>(); }});
INSTANTIATE_TEST_SUITE_P(Memory, FlagStore, in_memory);

struct MemoryFlags : FlagStore {};
INSTANTIATE_TEST_SUITE_P(Memory, MemoryFlags, in_memory);

TEST_P(MemoryFlags, GivenStoreThatEndsWhenStartedAgainThenItKnowsItsFlags) {
  auto made = written(node(), order("x"));
  EXPECT_EQ(read(static_cast<memory_world&>(here()).restart(), "x"), made);
}

} // namespace
} // namespace tutti::tests::flags
