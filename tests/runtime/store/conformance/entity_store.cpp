#include "tests/runtime/store/conformance/entity_store.hpp"

namespace tutti::tests::entities {

std::uint64_t EntityStore::raise(const caf::actor& store, std::uint32_t partition, std::uint64_t epoch) {
  auto got = expect<fences_raised>(store, raise_fences{{{role, partition, epoch}}});
  EXPECT_EQ(got.standing.size(), 1u);
  return got.standing.empty() ? 0 : got.standing.front();
}

save_state EntityStore::order(std::string key, std::uint32_t partition, std::uint64_t epoch,
                              std::uint64_t version, std::string bytes) {
  save_state out;
  out.name = {"player", std::move(key)};
  out.role = role;
  out.partition = partition;
  out.epoch = epoch;
  out.version = version;
  out.id = (UINT64_MAX >> 1U) - 1'000'000 + ++ids_; // ids use 63 bits
  out.bytes = std::move(bytes);
  return out;
}

std::uint64_t EntityStore::saved(const caf::actor& store, save_state what) {
  return expect<state_saved>(store, std::move(what)).version;
}

std::string EntityStore::refused(const caf::actor& store, save_state what) {
  auto got = ask<state_saved>(store, std::move(what));
  if (got) {
    ADD_FAILURE() << "saved as version " << got->version;
    return "";
  }
  EXPECT_TRUE(runtime::is(got.error, runtime::ec::conflict)) << runtime::describe(got.error);
  return runtime::words(got.error);
}

entity_state EntityStore::load(const caf::actor& store, std::string key, std::string type) {
  entity_name name{std::move(type), std::move(key)};
  auto got = expect<states_loaded>(store, load_states{{name}});
  EXPECT_EQ(got.states.size(), 1u);
  if (got.states.empty())
    return {};
  EXPECT_EQ(got.states.front().name, name);
  return std::move(got.states.front());
}

wake_page EntityStore::list(const caf::actor& store, std::uint32_t partition, entity_name after,
                            std::uint32_t limit) {
  return expect<wake_page>(store, list_wakeful{role, partition, std::move(after), limit});
}

} // namespace tutti::tests::entities
