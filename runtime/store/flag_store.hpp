#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

/// The port of a store of feature flags. All messages are CAF requests to a local actor. Errors of all:
/// rejected (the message breaks a bound below), unavailable (nothing has happened), timeout (it may have
/// happened, or may still).
namespace tutti::runtime::store {

inline constexpr std::size_t max_flags = 1000;            ///< in one store; a few more when they come at once
inline constexpr std::size_t max_flag_name = 64;          ///< of A-Z a-z 0-9 . _ -
inline constexpr std::size_t max_flag_description = 4096; ///< bytes, valid UTF-8 without NUL
inline constexpr std::size_t max_flag_author = 128;       ///< bytes, the same

struct feature_flag {
  std::string name;
  bool enabled = false;
  std::optional<std::uint8_t> percentage; ///< 0 to 100: for so many of all keys; nothing: for each
  std::string description;
  std::uint64_t version = 0; ///< counts the changes
  std::int64_t updated_at = 0; ///< ms since the Unix epoch, by the store's clock
  std::string updated_by;
  friend bool operator==(const feature_flag&, const feature_flag&) = default;
};

/// Whether the flag is on for `key` (a guild, a user …). The same for a name and a key on all nodes and in all
/// releases; a key that a percentage lets pass, a greater one lets pass too.
bool is_on(const feature_flag& flag, std::string_view key) noexcept;

/// → flag_found
struct read_flag {
  std::string name;
};
struct flag_found {
  std::optional<feature_flag> flag; ///< nothing: there is none of this name
};

/// Makes the flag or replaces it → flag_written; conflict when its version is not `expected`. One whose
/// outcome was unknown may be repeated: without `expected` the last one stands.
struct write_flag {
  std::string name;
  bool enabled = false;
  std::optional<std::uint8_t> percentage;
  std::string description;
  std::string updated_by;
  std::optional<std::uint64_t> expected; ///< 0: there must be none
};
struct flag_written {
  feature_flag flag;
};

/// → flags_listed: all of them, in the order of their names' bytes.
struct list_flags {};
struct flags_listed {
  std::vector<feature_flag> flags;
};

/// The words of refused writes.
inline constexpr char flag_conflict[] = "another version of the flag is stored";
inline constexpr char flags_full[] = "there are 1000 flags already";

/// No error, or rejected with words; what a provider asks before it does anything.
caf::error check(const read_flag& query);
caf::error check(const write_flag& order);

} // namespace tutti::runtime::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::read_flag)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::flag_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::write_flag)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::flag_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::list_flags)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::flags_listed)
