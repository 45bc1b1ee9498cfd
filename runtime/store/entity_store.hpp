#pragma once
#include "runtime/wall_clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

/// The port of a store of entity states. All messages are CAF requests to a local actor. Errors of all:
/// rejected (the message breaks a bound below), unavailable (nothing has happened), timeout (it may have
/// happened, or may still).
///
/// Why an old owner can change nothing: whoever opens a partition raises its fence to the epoch of its lease
/// first, and only then reads. Each save requires, in one transaction with the write, that the fence still
/// stands at its own epoch.
///
/// Why a save that hung changes nothing when it is executed at last: the version that it names is over. Versions
/// go on counting behind a removal, for a day at least (`memory`: for the latest 10,000), and an entity is only
/// made anew by a save that was sent after its removal.
namespace tutti::runtime::store {

inline constexpr std::size_t max_entity_type = 64;           ///< bytes
inline constexpr std::size_t max_entity_key = 512;           ///< bytes, any
inline constexpr std::size_t max_entity_state = 1024 * 1024; ///< bytes
inline constexpr std::size_t max_store_batch = 2048;         ///< items in one message

struct fence {
  std::string role;
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0; ///< of the lease; at least 1
};
/// → fences_raised, in the order of the message; no (role, partition) twice. A fence only grows. To raise it
/// to what it is already succeeds.
struct raise_fences {
  std::vector<fence> fences;
};
struct fences_raised {
  std::vector<std::uint64_t> standing; ///< greater than asked for: refused, a later owner was here
};

struct entity_name {
  std::string type;
  std::string key;
  friend bool operator==(const entity_name&, const entity_name&) = default;
};
using runtime::unix_ms;
struct entity_state {
  entity_name name;
  std::uint64_t version = 0; ///< grows with each save; 0: never saved, or removed
  std::string bytes;
  std::optional<unix_ms> wake_at;
  friend bool operator==(const entity_state&, const entity_state&) = default;
};

/// → states_loaded, in the order of the message.
struct load_states {
  std::vector<entity_name> names;
};
struct states_loaded {
  std::vector<entity_state> states;
};

/// → state_saved, or conflict when the fence does not stand at `epoch` or the stored version is not
/// `version`. A save whose outcome was unknown may be repeated as it was: if it took place, its `id` is
/// found, and while the fence stands it succeeds. To remove what is not there succeeds, too. Saves of one
/// entity happen in the order in which they came.
struct save_state {
  entity_name name;
  std::string role;
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
  std::uint64_t version = 0; ///< that the writer has read or saved before; 0: there is none
  std::uint64_t id = 0;      ///< 1 to 2^63 - 1; greater than that of any save before it under this epoch
  std::string bytes;
  bool remember = false;          ///< activate it whenever its partition opens
  std::optional<unix_ms> wake_at; ///< activate it then at the latest
  bool remove = false;            ///< forget it: the rest does not matter
};
struct state_saved {
  std::uint64_t version = 0; ///< the new one; 0 when removed
};

/// → wake_page: the entities of one partition that have to live without a message (remembered, or with
/// wake_at), by type and key, with their states.
struct list_wakeful {
  std::string role;
  std::uint32_t partition = 0;
  entity_name after;         ///< where the page before ended; empty: from the start
  std::uint32_t limit = 500; ///< 1 to max_store_batch
};
struct wakeful_entity {
  entity_state state;
  bool remember = false;
};
struct wake_page {
  std::vector<wakeful_entity> entities;
  bool more = false;
};

/// The words of a refused save.
inline constexpr char fence_conflict[] = "another owner has taken over";
inline constexpr char version_conflict[] = "another version of the state is stored";

/// No error, or rejected with words; what a provider asks before it does anything.
caf::error check(const raise_fences& order);
caf::error check(const load_states& query);
caf::error check(const save_state& order);
caf::error check(const list_wakeful& query);

} // namespace tutti::runtime::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::raise_fences)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::fences_raised)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::load_states)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::states_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::save_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::state_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::list_wakeful)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::wake_page)
