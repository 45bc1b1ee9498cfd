#pragma once
#include "services/sim/base/http_message.hpp"
#include "services/sim/base/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::services::sim {

/// One simulated service: its listener, its faults, its part of the summary. Control talks to all of them.
class service {
public:
  virtual ~service() = default;

  /// As in the `service` of a fault.
  virtual std::string_view name() const = 0;
  /// Adds its totals to GET /sim/summary.
  virtual void summarise(json& out) const = 0;
  /// Adds what it knows of a guild; false: it does not know that guild.
  virtual bool describe_guild(std::uint64_t guild, json& out) const = 0;
  /// Takes a control request of its own; false: it is none.
  virtual bool control(const http_request& request, const http_responder& answer) = 0;
  /// What is wrong with the fault; empty: it works from now on.
  virtual std::string inject(const json& fault) = 0;
  /// Ends all faults.
  virtual void heal() = 0;
};

} // namespace tutti::services::sim
