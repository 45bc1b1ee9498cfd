#pragma once
#include "services/sim/base/event_loop.hpp"
#include "services/sim/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace tutti::services::sim {

/// What happened, newest last, for GET /sim/log; and the breaches by kind. Old events go when there are too
/// many.
class event_log {
public:
  static constexpr std::size_t max_events = 50'000;
  static constexpr std::size_t max_bytes = 64 * 1024 * 1024;

  explicit event_log(const event_loop& loop) : loop_(loop), began_(loop.now()) {}

  /// `fields` is an object; service, event, id and ms (since the start) are put before its members.
  void add(std::string_view service, std::string_view event, const json& fields);
  /// A client did what it must not. Counted, and an event of its own.
  void breach(std::string_view service, std::string_view kind, json fields = json::object{});

  /// `{"events":[…], "next": N}`; `since` is the `next` of an earlier answer. `lost`: events that had to go
  /// since.
  std::string since(std::uint64_t id, std::size_t limit) const;
  json breaches() const;

private:
  const event_loop& loop_;
  steady_time began_;
  std::deque<std::string> events_;
  std::uint64_t first_ = 1;
  std::size_t bytes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> breaches_;
};

} // namespace tutti::services::sim
