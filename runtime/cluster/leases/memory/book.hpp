#pragma once
#include "runtime/cluster/leases/store.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tutti::runtime::cluster::memory {

/// The leases and the partition table of a single node. Forgets nothing while it lives, and no node can be
/// cut off from it, so there is nothing to hold back for former owners. Times are Unix time.
class lease_book {
public:
  using time = std::chrono::microseconds;

  explicit lease_book(time ttl) : ttl_(ttl) {}

  leases_acquired acquire(acquire_leases&& order, time now);
  leases_renewed renew(renew_leases&& order, time now);
  void release(const release_leases& order);
  leases_read read(const read_leases& query, time now) const;
  lease_page list(const list_leases& query, time now) const;
  /// Nothing: a conflict.
  std::optional<table_written> write(write_table&& order, time now);
  table_read table(const read_table& query) const;

private:
  struct record {
    lease_holder holder;
    std::uint64_t epoch = 0;
    time until{0};
    std::string value;
  };
  lease_grant grant(const lease_holder& to, lease_claim& claim, time now);
  static lease_state view(const std::string& name, const record& r, time now);

  time ttl_;
  std::map<std::string, record, std::less<>> records_;
  partition_table table_;
};

} // namespace tutti::runtime::cluster::memory
