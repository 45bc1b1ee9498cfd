#include "tests/runtime/store/flags/flag_store.hpp"

namespace tutti::tests::flags {

world& FlagStore::here() {
  if (!world_)
    world_ = GetParam().make();
  return *world_;
}

feature_flag FlagStore::written(const caf::actor& store, write_flag what) {
  auto got = ask<flag_written>(store, std::move(what));
  EXPECT_TRUE(got) << runtime::describe(got.error);
  return got ? got->flag : feature_flag{};
}

std::optional<feature_flag> FlagStore::read(const caf::actor& store, std::string name) {
  auto got = ask<flag_found>(store, read_flag{std::move(name)});
  EXPECT_TRUE(got) << runtime::describe(got.error);
  return got ? got->flag : std::nullopt;
}

std::vector<std::string> FlagStore::names(const caf::actor& store) {
  auto got = ask<flags_listed>(store, list_flags{});
  EXPECT_TRUE(got) << runtime::describe(got.error);
  std::vector<std::string> out;
  if (got)
    for (auto& flag : got->flags)
      out.push_back(flag.name);
  return out;
}

write_flag order(std::string name, bool enabled) {
  write_flag out;
  out.name = std::move(name);
  out.enabled = enabled;
  out.updated_by = "tester";
  return out;
}

} // namespace tutti::tests::flags
