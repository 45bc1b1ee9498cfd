#include "tests/runtime/store/flags/flag_store.hpp"

namespace tutti::tests::flags {

feature_flag FlagStore::written(const caf::actor& store, write_flag what) {
  return expect<flag_written>(store, std::move(what)).flag;
}

std::optional<feature_flag> FlagStore::read(const caf::actor& store, std::string name) {
  return expect<flag_found>(store, read_flag{std::move(name)}).flag;
}

std::vector<std::string> FlagStore::names(const caf::actor& store) {
  std::vector<std::string> out;
  for (auto& flag : expect<flags_listed>(store, list_flags{}).flags)
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
