#pragma once
#include "services/cli/client/api.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

namespace tutti::services::cli {

/// Follows jobs until their final state, by reading them one by one: a node keeps no list of what one caller
/// has submitted.
class waiter {
public:
  explicit waiter(api& node) : node_(node) {}

  /// Twice the same one counts once.
  void add(const std::string& id);

  /// Reads up to `at_most` of those that are not final yet, oldest first; false when none of them was. Throws
  /// as api::call().
  bool look(std::size_t at_most);

  std::size_t total() const noexcept { return known_.size(); }
  std::size_t open() const noexcept { return open_.size(); }
  /// How many have ended, by final status; "forgotten" are those that the node no longer keeps.
  const std::map<std::string, std::uint64_t>& ended() const noexcept { return ended_; }

  struct loss {
    std::string id, status, error;
  };
  /// The first hundred that did not succeed.
  const std::vector<loss>& losses() const noexcept { return losses_; }

private:
  api& node_;
  std::unordered_set<std::string> known_;
  std::deque<std::string> open_;
  std::map<std::string, std::uint64_t> ended_;
  std::vector<loss> losses_;
};

} // namespace tutti::services::cli
