#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tutti::runtime::cluster {

/// One life of a node's process.
struct lease_holder {
  std::string node;              ///< empty: nobody
  std::uint64_t incarnation = 0; ///< another one after each start of the process; 1 to 2^63 - 1
  friend bool operator==(const lease_holder&, const lease_holder&) = default;
};

/// A lease as its store sees it.
struct lease_state {
  std::string name;
  lease_holder holder;               ///< also past its time; nobody: released or never granted
  std::uint64_t epoch = 0;           ///< of the latest grant; 0: never granted
  std::string value;                 ///< what the holder wants others to know
  std::chrono::microseconds left{0}; ///< by the store's clock; 0: it is not held
  friend bool operator==(const lease_state&, const lease_state&) = default;
};

inline constexpr std::size_t max_lease_name = 200;   ///< bytes; also of a node's name
inline constexpr std::size_t max_lease_value = 4096; ///< bytes
inline constexpr std::size_t max_lease_batch = 2048; ///< names in one message
/// A double holds it exactly, which Redis scripts need; as µs it is the year 2255.
inline constexpr std::uint64_t max_epoch = (std::uint64_t{1} << 53U) - 2;

/// Whose holder may write the partition table.
inline constexpr char coordinator_lease[] = "coordinator";

inline std::string member_lease(const std::string& node) {
  return "member/" + node;
}
/// Sorts beside the members', so that one listing of `member_prefix` has both.
inline std::string death_lease(const std::string& node) {
  return "member-down/" + node;
}
inline constexpr char member_prefix[] = "member";
inline std::string partition_lease(const std::string& role, std::uint32_t partition) {
  return "partition/" + role + "/" + std::to_string(partition);
}

} // namespace tutti::runtime::cluster
