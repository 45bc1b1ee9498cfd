#pragma once
#include "runtime/store/entity_store.hpp"
#include "tests/runtime/store/conformance/provider_test.hpp"

#include <cstdint>
#include <string>

namespace tutti::tests::entities {

using namespace runtime::store;

inline constexpr char role[] = "audio"; ///< of all partitions here, unless said otherwise

class EntityStore : public ProviderTest {
protected:
  /// What stands then.
  std::uint64_t raise(const caf::actor& store, std::uint32_t partition, std::uint64_t epoch);
  /// Of type "player", with an id of its own.
  save_state order(std::string key, std::uint32_t partition, std::uint64_t epoch, std::uint64_t version,
                   std::string bytes = "state");
  /// Expects that it takes place; the version.
  std::uint64_t saved(const caf::actor& store, save_state what);
  /// Expects a conflict; its words.
  std::string refused(const caf::actor& store, save_state what);
  entity_state load(const caf::actor& store, std::string key, std::string type = "player");
  wake_page list(const caf::actor& store, std::uint32_t partition, entity_name after = {},
                 std::uint32_t limit = 500);

private:
  std::uint64_t ids_ = 0;
};

} // namespace tutti::tests::entities
