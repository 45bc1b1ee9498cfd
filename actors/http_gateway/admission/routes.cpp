#include "actors/http_gateway/admission/routes.hpp"

#include <array>
#include <unordered_map>

namespace tutti::actors::http_gateway {
namespace {

constexpr auto all_routes = [] {
  using enum endpoint; // in here only: some of its names are types elsewhere
  return std::to_array<route>({
      {submit_job, "POST", "/jobs", access::admin, body_kind::json},
      {health, "GET", "/health", access::open},
      {live, "GET", "/live", access::open},
      {ready, "GET", "/ready", access::open},
      {endpoint::metrics, "GET", "/metrics", access::open},
      {performance, "GET", "/performance", access::open},
      {endpoint::index, "GET", "/", access::open},
      {endpoint::actors, "GET", "/actors"},
      {actor_types, "GET", "/actors/types"},
      {inspect_actor, "GET", "/actors/{type}/{key}"},
      {command_actor, "POST", "/actors/{type}/{key}/commands/{command}", access::admin,
       body_kind::optional_json},
      {clusters, "GET", "/clusters"},
      {drain_node, "POST", "/nodes/{name}/drain", access::admin, body_kind::optional_json},
      {undrain_node, "POST", "/nodes/{name}/undrain", access::admin, body_kind::optional_json},
      {down_node, "POST", "/nodes/{name}/down", access::admin, body_kind::optional_json},
      {supervision, "GET", "/supervision"},
      {list_jobs, "GET", "/jobs"},
      {submit_batch, "POST", "/jobs/batch", access::admin, body_kind::batch},
      {get_job, "GET", "/jobs/{id}"},
      {cancel_job, "DELETE", "/jobs/{id}"},
      {retry_job, "POST", "/jobs/{id}/retry", access::admin, body_kind::optional_json},
      {job_types, "GET", "/job-types"},
      {queues, "GET", "/queues"},
      {pause_queue, "POST", "/queues/{name}/pause", access::admin, body_kind::optional_json},
      {resume_queue, "POST", "/queues/{name}/resume", access::admin, body_kind::optional_json},
      {purge_queue, "POST", "/queues/{name}/purge", access::admin, body_kind::optional_json},
      {dead_letters, "GET", "/dead-letters"},
      {retry_dead_letters, "POST", "/dead-letters/retry", access::admin, body_kind::optional_json},
      {retry_dead_letter, "POST", "/dead-letters/{id}/retry", access::admin, body_kind::optional_json},
      {discard_dead_letter, "DELETE", "/dead-letters/{id}"},
      {schedules, "GET", "/schedules"},
      {put_schedule, "PUT", "/schedules/{name}", access::admin, body_kind::json},
      {delete_schedule, "DELETE", "/schedules/{name}"},
      {endpoint::flags, "GET", "/flags"},
      {get_flag, "GET", "/flags/{name}"},
      {put_flag, "PUT", "/flags/{name}", access::admin, body_kind::json},
      {events, "GET", "/events"},
  });
}();

bool same_path(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    auto pattern_end = pattern.find('/', 1);
    auto path_end = path.find('/', 1);
    auto wanted = pattern.substr(0, pattern_end);
    auto given = path.substr(0, path_end);
    bool any = wanted.size() > 1 && wanted[1] == '{';
    if (any ? given.size() < 2 : wanted != given)
      return false;
    pattern = pattern_end == pattern.npos ? "" : pattern.substr(pattern_end);
    path = path_end == path.npos ? "" : path.substr(path_end);
  }
  return pattern.empty() && path.empty();
}

/// Patterns without a parameter, which most requests use.
const auto& fixed_paths() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::vector<std::int32_t>> out;
    for (std::size_t i = 0; i < all_routes.size(); ++i)
      if (all_routes[i].pattern.find('{') == std::string_view::npos)
        out[all_routes[i].pattern].push_back(static_cast<std::int32_t>(i));
    return out;
  }();
  return table;
}

} // namespace

std::span<const route> routes() noexcept {
  return all_routes;
}

match find_route(std::string_view method, std::string_view path) {
  if (method == "HEAD")
    method = "GET";
  match out;
  auto consider = [&](std::int32_t number) {
    auto& r = all_routes[static_cast<std::size_t>(number)];
    out.path_known = true;
    if (r.method == method) {
      out.route = number;
      return;
    }
    if (!out.allow.empty())
      out.allow += ", ";
    out.allow += r.method == "GET" ? "GET, HEAD" : r.method;
  };
  if (auto i = fixed_paths().find(path); i != fixed_paths().end()) {
    for (auto number : i->second) {
      consider(number);
      if (out.route >= 0)
        return out;
    }
    // "/jobs/batch" is fixed for POST and a job's id for GET and DELETE.
  }
  for (std::size_t i = 0; i < all_routes.size() && out.route < 0; ++i)
    if (all_routes[i].pattern.find('{') != std::string_view::npos && same_path(all_routes[i].pattern, path))
      consider(static_cast<std::int32_t>(i));
  return out;
}

} // namespace tutti::actors::http_gateway
