#pragma once
#include "services/sim/base/event_loop.hpp"
#include "services/sim/base/http_message.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::sim::discord {

/// How requests are answered wrongly on purpose.
struct rest_fault {
  enum class kind { status, garbage, refuse } what = kind::status;
  std::string path; ///< only targets that contain it
  std::uint64_t left = UINT64_MAX;
  steady_time until = steady_time::max();
  int status = 503;
  std::optional<double> retry_after_s;
  std::string scope; ///< of a 429: user, global or shared
};

class rest_faults {
public:
  void add(rest_fault one) { all_.push_back(std::move(one)); }
  void clear() {
    all_.clear();
    slow = std::chrono::milliseconds{0};
  }
  /// What a fault answers instead.
  std::optional<http_response> answer(const http_request& to, steady_time now);

  std::chrono::milliseconds slow{0};

private:
  std::vector<rest_fault> all_;
};

/// What the edge answers when it is not Discord's API that speaks: HTML.
http_response edge_page(int status);
/// With its headers; `scope` user, global or shared.
http_response too_many_requests(double retry_after_s, std::string_view scope);

} // namespace tutti::services::sim::discord
