#pragma once
#include "runtime/cluster/leases/lease.hpp"
#include "runtime/cluster/leases/table.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

/// The port that every lease store implements as a local actor. All messages are CAF requests, each one
/// atomic and one round trip to the server. Errors of all: rejected (the message breaks a bound of
/// lease.hpp), unavailable (nothing has happened), timeout (it may have happened, or may still).
///
/// Why at most one holds a lease at any time: only the store's clock decides when a lease ends; a holder
/// counts from *before* it asked and only 0.8 TTL (held_lease.hpp), so it stops first. Clocks are compared
/// with nothing but themselves; a server clock that jumps ahead by more than 0.2 TTL ends leases too early,
/// which the fence of the state store catches. One that jumps back makes nobody wait longer than a TTL.
///
/// Every grant has a new epoch = max(stored, `seen`, `held`, server time in µs) + 1, also to the same holder.
/// Epochs are kept for ever. So a grant is later than another one of the same name iff its epoch is greater,
/// even if the server has lost the end of its log, as long as its clock has not gone back behind a lost
/// grant; `seen` and the fence cover that.
///
/// After an outage:
/// - The server has been started anew, and may have forgotten grants: for one TTL from its first call nobody
///   is granted anything. Renewals work; where their epoch is greater than the stored one they put back what
///   was forgotten. After that TTL every older grant has been renewed or its holder has stopped.
/// - Then, for one TTL, former owners come first: who names in `held` an epoch not below the stored one, or
///   runs on the same node. The same after no call has come for more than a TTL (the server was cut off or
///   frozen, and all leases may have run out meanwhile). What was released is free for all.
///
/// An acquire whose outcome is unknown may have been granted. Ask again: the store sees that the lease is the
/// caller's and grants it anew, with a greater epoch. Or don't: it ends within a TTL. A renewal whose outcome
/// is unknown counts as not made. All nodes must use the same TTL.
namespace tutti::runtime::cluster {

struct lease_store_options {
  std::chrono::milliseconds ttl{5'000}; ///< at least 100 ms
  /// Of each call, to its answer. Must leave time for a second try before 0.8 TTL have passed.
  std::chrono::milliseconds call_timeout() const noexcept { return ttl / 4; }
};

struct lease_claim {
  std::string name;
  std::uint64_t held = 0; ///< the caller's latest epoch, if it wants back what it lost by an outage; else 0
  std::uint64_t seen = 0; ///< the greatest of this name that the caller has seen anywhere, the fence included
  std::string value;
};
/// → leases_acquired, in the order of the claims. A name that the caller holds is granted again. No name
/// twice.
struct acquire_leases {
  lease_holder holder;
  std::vector<lease_claim> claims;
};
enum class acquired : std::uint8_t {
  granted,
  taken,   ///< another one holds it
  reserved ///< for its former owner, see above
};
struct lease_grant {
  acquired outcome = acquired::taken;
  std::uint64_t epoch = 0;           ///< granted: the new one; else the stored one, 0: none
  lease_holder holder;               ///< the present or latest one
  std::chrono::microseconds left{0}; ///< when it pays to ask again
};
struct leases_acquired {
  std::vector<lease_grant> grants;
};

struct lease_renewal {
  std::string name;
  std::uint64_t epoch = 0;
  std::string value; ///< replaces the one before
};
/// → leases_renewed. Only for leases that the caller still holds by its own deadline when it sends this:
/// after a restart of the server it is believed. A lease that has run out by the store's clock and that
/// nobody has got since goes on, with its epoch: no other can have acted under that name.
struct renew_leases {
  lease_holder holder;
  std::vector<lease_renewal> leases;
};
struct leases_renewed {
  std::vector<std::string> lost; ///< in the order of the message
};

struct lease_ref {
  std::string name;
  std::uint64_t epoch = 0;
};
/// → leases_released. What the holder does not hold by that epoch is left as it is. First stop acting, then
/// release.
struct release_leases {
  lease_holder holder;
  std::vector<lease_ref> leases;
};
struct leases_released {};

/// → leases_read, in the order of the names.
struct read_leases {
  std::vector<std::string> names;
};
struct leases_read {
  std::vector<lease_state> leases;
};
/// → lease_page: all names with this prefix, by name, also those that nobody holds.
struct list_leases {
  std::string prefix;
  std::string after; ///< where the page before ended; empty: from the start
  std::uint32_t limit = 500;
};
struct lease_page {
  std::vector<lease_state> leases;
  bool more = false;
};

/// → table_written, or ec::conflict when the table is not at `read_version`, was written by a later
/// coordinator, or the coordinator's lease is not held by `epoch` at this moment. After a timeout read it:
/// it was written if it has your entries.
struct write_table {
  std::uint64_t epoch = 0; ///< of the writer's lease "coordinator"
  std::uint64_t read_version = 0;
  std::vector<table_entry> entries;
};
struct table_written {
  std::uint64_t version = 0; ///< another one than any before
};
/// → table_read. Cheap while nothing changes: poll it.
struct read_table {
  std::uint64_t known_version = 0;
};
struct table_read {
  std::optional<partition_table> changed; ///< nothing: it is still at known_version
};

/// The words of a refused write.
inline constexpr char table_conflict[] = "the partition table has changed, or its coordinator has";

/// No error, or rejected with words; what a provider asks before it does anything.
caf::error check(const acquire_leases& order);
caf::error check(const renew_leases& order);
caf::error check(const release_leases& order);
caf::error check(const read_leases& query);
caf::error check(const list_leases& query);
caf::error check(const write_table& order);

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::acquire_leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::leases_acquired)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::renew_leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::leases_renewed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::release_leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::leases_released)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::read_leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::leases_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::list_leases)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::lease_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::write_table)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::table_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::read_table)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::table_read)
