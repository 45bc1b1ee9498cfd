#pragma once
#include "services/sim/base/event_log.hpp"
#include "services/sim/base/http_server.hpp"
#include "services/sim/base/service.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::services::sim {

/// /sim/…: what a test reads and does.
class control {
public:
  /// Throws boost::system::system_error where it cannot listen. The services live longer.
  control(event_loop& loop, const std::string& host, std::uint16_t port, event_log& log,
          std::vector<service*> services);
  std::uint16_t port() const noexcept { return server_.port(); }

private:
  void handle(const http_request& request, const http_responder& answer);
  http_response summary() const;
  http_response guild(const std::string& id) const;
  http_response inject(const http_request& request);
  http_response log_since(const http_request& request) const;

  event_log& log_;
  std::vector<service*> services_;
  http_server server_;
};

} // namespace tutti::services::sim
