#pragma once
#include "runtime/cluster/leases/lease.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime::cluster {

/// Who owns one partition of a role, and by which grant.
struct table_entry {
  std::string role;
  std::uint32_t partition = 0;
  lease_holder owner;
  std::uint64_t epoch = 0;
  friend bool operator==(const table_entry&, const table_entry&) = default;
};

/// All placements as one value.
struct partition_table {
  std::uint64_t version = 0; ///< 0: never written. Not in steps of one; compare for equality only
  std::uint64_t epoch = 0;   ///< of the coordinator that wrote it
  std::vector<table_entry> entries;
  friend bool operator==(const partition_table&, const partition_table&) = default;
};

inline constexpr std::size_t max_table_entries = 65'536;

/// How stores keep the entries: a version byte, then the texts once and the entries by their numbers.
std::string encode_entries(const std::vector<table_entry>& entries);
/// Nothing when it is not what encode_entries makes, for example a newer version of it.
std::optional<std::vector<table_entry>> decode_entries(std::string_view bytes);

} // namespace tutti::runtime::cluster
