#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"
#include "runtime/telemetry/events.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::actors::http_gateway {

struct event_filter {
  std::string topic;   ///< empty: all
  std::string subject; ///< a job id, an actor's path; empty: all
};

bool is_topic(std::string_view name) noexcept;

/// The node's events for one client: those after number `after`, else the ones from now on. `bus` must
/// outlive it.
std::shared_ptr<event_feed> make_event_stream(runtime::telemetry::event_bus& bus, event_filter filter,
                                              std::optional<std::uint64_t> after);

} // namespace tutti::actors::http_gateway
