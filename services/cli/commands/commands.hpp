#pragma once
#include "services/cli/client/api.hpp"
#include "services/cli/console/console.hpp"
#include "services/cli/console/signals.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// What each command takes and does. All return the exit code and throw `failure` for a clear line.
namespace tutti::services::cli {

struct context {
  console& to;
  api& node;
  signals& stop;
  bool as_json = false; ///< the server's JSON rather than tables
};

/// Fields of a job that a person may give; what is empty is left to the node.
struct job_fields {
  std::string type, payload, key, idempotency_key, queue, priority;
  std::optional<std::int64_t> delay_ms, max_attempts, timeout_ms;
};

struct submit_options {
  job_fields job;
  std::string file; ///< "-": standard input; empty: `job` alone
  bool wait = false;
  std::chrono::seconds patience{60}; ///< with a node that is busy or away
};
int jobs_submit(context& on, const submit_options& with);

struct list_options {
  std::string status, type, queue, error;
  std::uint64_t limit = 50;
  bool all = false;
};
int jobs_list(context& on, const list_options& with);
int jobs_get(context& on, const std::string& id);
int jobs_cancel(context& on, const std::string& id);
int jobs_retry(context& on, const std::string& id);
int jobs_types(context& on);

int queues_list(context& on);
/// `order`: pause, resume or purge
int queues_order(context& on, const std::string& name, const std::string& order);

struct dead_retry_options {
  std::string id; ///< empty: all that the filters let pass, up to `max`
  std::string type, queue, error;
  std::optional<std::int64_t> max;
};
int dead_letters_list(context& on, const list_options& with);
int dead_letters_retry(context& on, const dead_retry_options& with);
int dead_letters_discard(context& on, const std::string& id);

struct schedule_options {
  std::string name;
  job_fields job;
  std::optional<std::int64_t> interval_ms;
  std::string cron, time_zone, catch_up;
  std::optional<std::int64_t> jitter_ms;
  bool paused = false;
};
int schedules_list(context& on);
int schedules_put(context& on, const schedule_options& with);
int schedules_delete(context& on, const std::string& name);

struct flag_options {
  std::string name, state; ///< on or off
  std::optional<std::int64_t> percentage;
  std::optional<std::string> description;
};
int flags_list(context& on);
int flags_get(context& on, const std::string& name);
/// What is not given stays as it is.
int flags_set(context& on, const flag_options& with);

struct actor_options {
  std::string type, sort, node;
  std::uint64_t limit = 50;
};
int show_actors(context& on, const actor_options& with);

struct entity_options {
  std::string type, key;
  std::string command, body; ///< for actors_command(); an empty body is {}
};
int actors_types(context& on);
int actors_show(context& on, const entity_options& of);
int actors_command(context& on, const entity_options& of);

int show_cluster(context& on);
/// With `plan` nothing moves yet.
int cluster_drain(context& on, const std::string& name, bool plan);
int cluster_undrain(context& on, const std::string& name);
int cluster_down(context& on, const std::string& name);

int show_supervision(context& on);
/// Fails when the node is unhealthy.
int show_health(context& on);

struct event_options {
  std::string topic, subject;
  std::string after;       ///< the id of the last event seen; empty: from now on
  std::uint64_t count = 0; ///< ends after so many; 0: never
};
int follow_events(context& on, const event_options& with);

/// `tutti config check`: needs no node.
int config_check(console& to, const std::string& file, const std::string& node, bool as_json);

/// `tutti migrate`: needs no node. With `check` it changes nothing and fails when something is pending.
int run_migrations(console& to, const std::optional<std::string>& config, bool check, bool as_json);

} // namespace tutti::services::cli
