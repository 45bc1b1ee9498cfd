#pragma once
#include "runtime/store/entity_store.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <caf/expected.hpp>

namespace tutti::runtime::store::memory {

/// The fences and states of a single node. The orders have passed check().
class entity_book {
public:
  fences_raised raise(const raise_fences& order);
  states_loaded load(const load_states& query) const;
  /// The error is a conflict.
  caf::expected<state_saved> save(save_state&& order);
  wake_page list(const list_wakeful& query) const;

private:
  using name = std::pair<std::string, std::string>; ///< type and key
  using place = std::pair<std::string, std::uint32_t>;
  struct record {
    place at;
    std::uint64_t version = 0;
    std::uint64_t save_id = 0; ///< of the latest
    std::string bytes;
    bool remember = false;
    std::optional<unix_ms> wake_at;
  };
  struct removal {
    std::uint64_t version = 0, epoch = 0, save_id = 0;
  };
  static constexpr std::size_t max_removals = 10'000;
  void note_removal(const name& who, const removal& r);
  void forget_wakeful(const name& who, const record& r);

  std::map<place, std::uint64_t> fences_;
  std::map<name, record> states_;
  std::map<place, std::set<name>> wakeful_;
  std::map<name, removal> removals_;
  std::deque<name> removed_order_; ///< of removals_, oldest first
};

} // namespace tutti::runtime::store::memory
