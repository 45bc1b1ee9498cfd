#pragma once
#include "services/sim/base/http_server.hpp"
#include "services/sim/discord/gateway/connection.hpp"
#include "services/sim/discord/gateway/gateway.hpp"
#include "services/sim/discord/gateway/voice.hpp"
#include "services/sim/discord/interactions/interactions.hpp"
#include "services/sim/discord/rest/rest_faults.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace tutti::services::sim::discord {

/// Turns what POST /sim/faults asks for into misbehaviour.
class faults {
public:
  faults(core& all, gateway& over, voice& spoken, interactions& begun, rest_faults& answers)
      : core_(all), gateway_(over), voice_(spoken), interactions_(begun), rest_(answers) {}
  void serve(http_server& listener) { server_ = &listener; }

  std::string inject(const json& fault);
  void heal();

  bool refuses_gateway() const noexcept { return refuse_gateway_; }
  /// New connections are held like the others.
  bool holds() const noexcept { return frozen_; }
  /// Keeps a request until the service is thawed; false: it is not frozen.
  bool hold(std::function<void()> request);

private:
  using connections = std::vector<std::shared_ptr<gateway_connection>>;
  bool matches(const json& fault, const gateway_connection& one) const;
  /// Those with a session, by the fault's bot and shard.
  connections chosen(const json& fault) const;
  std::string on_connections(const json& fault, const std::string& what);
  std::string on_rest(const json& fault, const std::string& what);
  std::string on_all(const json& fault, const std::string& what);
  std::string on_events(const json& fault, const std::string& what);
  void freeze(bool frozen);
  void crash(const json& fault);

  core& core_;
  gateway& gateway_;
  voice& voice_;
  interactions& interactions_;
  rest_faults& rest_;
  http_server* server_ = nullptr;
  bool refuse_gateway_ = false;
  bool frozen_ = false;
  std::vector<std::function<void()>> held_;
};

} // namespace tutti::services::sim::discord
