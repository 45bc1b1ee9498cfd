#include "runtime/store/memory/flag_store.hpp"
#include "tests/runtime/store/flags/flag_store.hpp"

namespace tutti::tests::flags {
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
        [this](auto& parent, auto at) { return spawn_memory_flag_store(parent, std::move(at), book_); });
  }

private:
  std::shared_ptr<memory::flag_book> book_ = std::make_shared<memory::flag_book>();
  caf::actor only_;
};

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
