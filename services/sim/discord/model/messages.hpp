#pragma once
#include "services/sim/discord/core.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace tutti::services::sim::discord {

struct message {
  std::uint64_t id = 0;
  std::uint64_t channel = 0;
  std::uint64_t author = 0;
  bool ephemeral = false;
  json body; ///< as Discord answers it
};

/// Messages of all channels; the oldest go when there are too many.
class messages {
public:
  static constexpr std::size_t max_messages = 20'000;

  explicit messages(core& all) : core_(all) {}

  /// `from` is a checked request; `flags` are the message's.
  message& create(std::uint64_t channel, std::uint64_t author, const json& from, std::int64_t flags);
  void edit(message& which, const json& from);
  void erase(std::uint64_t id);
  /// Null: there is none (any more).
  message* find(std::uint64_t id);
  /// The newest of a guild that has this component (by custom_id or label). Null: none has.
  message* with_component(std::uint64_t guild, const std::string& component, std::string& custom_id,
                          int& type);
  /// Newest first.
  std::vector<const message*> of_channel(std::uint64_t channel, std::size_t limit) const;

private:
  core& core_;
  std::map<std::uint64_t, message> all_;
};

} // namespace tutti::services::sim::discord
