#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::actors::http_gateway {

enum class endpoint : std::uint8_t {
  index,
  health,
  live,
  ready,
  metrics,
  performance,
  actors,
  supervision,
  submit_job,
  submit_batch,
  list_jobs,
  get_job,
  cancel_job,
  retry_job,
  job_types,
  queues,
  pause_queue,
  resume_queue,
  purge_queue,
  dead_letters,
  retry_dead_letter,
  discard_dead_letter,
  retry_dead_letters,
  schedules,
  put_schedule,
  delete_schedule,
  flags,
  get_flag,
  put_flag,
  events,
  clusters,
  actor_types,
  inspect_actor,
  command_actor,
  drain_node,
  undrain_node,
  down_node,
};

enum class access : std::uint8_t { open, admin };
enum class body_kind : std::uint8_t { none, optional_json, json, batch };

struct route {
  endpoint to;
  std::string_view method;
  std::string_view pattern; ///< "/jobs/{id}"; also the metrics label
  access needs = access::admin;
  body_kind body = body_kind::none;
};

/// All routes; a route's number is its place here.
std::span<const route> routes() noexcept;

struct match {
  bool path_known = false; ///< some route has this path
  std::int32_t route = -1; ///< the one with this method too; HEAD counts as GET
  std::string allow;       ///< for 405: the methods of the path, when no route matched
};

/// `path` is percent-encoded and without the query.
match find_route(std::string_view method, std::string_view path);

} // namespace tutti::actors::http_gateway
