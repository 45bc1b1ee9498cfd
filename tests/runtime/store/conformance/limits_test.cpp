#include "tests/runtime/store/conformance/entity_store.hpp"

#include <functional>

namespace tutti::tests::entities {
namespace {

using runtime::ec;

TEST_P(EntityStore, GivenSaveBeyondABoundWhenAskedThenRejected) {
  auto a = node();
  raise(a, 1, 10);
  const std::vector<std::function<void(save_state&)>> wrongs{
      [](auto& o) { o.name.type = ""; },
      [](auto& o) { o.name.type = std::string(max_entity_type + 1, 't'); },
      [](auto& o) {
        o.name.type = std::string{"a\0b", 3};
      },
      [](auto& o) { o.name.type = "\xc3\xa9"; },
      [](auto& o) { o.name.key = std::string(max_entity_key + 1, 'k'); },
      [](auto& o) { o.role = ""; },
      [](auto& o) { o.role = "a role"; },
      [](auto& o) { o.partition = 1u << 31; },
      [](auto& o) { o.epoch = 0; },
      [](auto& o) { o.epoch = 1ull << 63; },
      [](auto& o) { o.version = INT64_MAX; },
      [](auto& o) { o.id = 0; },
      [](auto& o) { o.id = UINT64_MAX; },
      [](auto& o) { o.bytes = std::string(max_entity_state + 1, 'b'); },
      [](auto& o) { o.wake_at = -1; },
  };
  for (std::size_t i = 0; i < wrongs.size(); ++i) {
    auto what = order("x", 1, 10, 0);
    wrongs[i](what);
    auto got = ask<state_saved>(a, what);
    EXPECT_TRUE(runtime::is(got.error, ec::rejected)) << i << ": " << runtime::describe(got.error);
  }
  auto widest = order(std::string(max_entity_key, 'k'), 1, 10, 0);
  widest.name.type = std::string(max_entity_type, 't');
  widest.wake_at = INT64_MAX;
  EXPECT_EQ(saved(a, widest), 1u);
}

TEST_P(EntityStore, GivenOtherMessagesBeyondABoundWhenAskedThenRejected) {
  auto a = node();
  auto rejected = [](auto got) { return runtime::is(got.error, ec::rejected); };
  EXPECT_TRUE(rejected(ask<fences_raised>(a, raise_fences{{{role, 1, 0}}})));
  EXPECT_TRUE(rejected(ask<fences_raised>(a, raise_fences{{{role, 1, 1ull << 63}}})));
  EXPECT_TRUE(rejected(ask<fences_raised>(a, raise_fences{{{"", 1, 1}}})));
  EXPECT_TRUE(rejected(ask<fences_raised>(a, raise_fences{{{role, 1u << 31, 1}}})));
  EXPECT_TRUE(rejected(ask<fences_raised>(a, raise_fences{{{role, 1, 1}, {role, 2, 1}, {role, 1, 2}}})));
  raise_fences many;
  for (std::uint32_t i = 0; i <= max_store_batch; ++i)
    many.fences.push_back({role, i, 1});
  EXPECT_TRUE(rejected(ask<fences_raised>(a, many)));
  EXPECT_EQ(raise(a, 1, 1), 1u) << "nothing has happened";

  EXPECT_TRUE(rejected(ask<states_loaded>(a, load_states{{{"", "x"}}})));
  EXPECT_TRUE(rejected(
      ask<states_loaded>(a, load_states{{{"t", "x"}, {"t", std::string(max_entity_key + 1, 'x')}}})));
  load_states all;
  all.names.resize(max_store_batch + 1, {"t", "x"});
  EXPECT_TRUE(rejected(ask<states_loaded>(a, all)));

  EXPECT_TRUE(rejected(ask<wake_page>(a, list_wakeful{role, 1, {}, 0})));
  EXPECT_TRUE(rejected(ask<wake_page>(a, list_wakeful{role, 1, {}, max_store_batch + 1})));
  EXPECT_TRUE(rejected(ask<wake_page>(a, list_wakeful{"", 1, {}, 1})));
  EXPECT_TRUE(rejected(ask<wake_page>(a, list_wakeful{role, 1, {"", "x"}, 1})));
}

} // namespace
} // namespace tutti::tests::entities
