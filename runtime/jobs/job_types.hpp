#pragma once
#include "runtime/jobs/job.hpp"
#include "runtime/jobs/retry.hpp"
#include "runtime/jobs/schema/json_schema.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <caf/behavior.hpp>

namespace tutti::runtime::jobs {

class job_actor;

/// One kind of job: what its payload looks like and what an attempt does. A type is one such function in a
/// file of its area and one line where the node registers them.
struct job_type {
  std::string name;
  std::string summary;
  std::string schema =
      R"({"type": "object"})"; ///< JSON Schema of the payload; see json_schema for what is supported
  /// Runs as the attempt's actor: ends it by self->succeed, fail, reject, retry_in or snooze, now or from the
  /// behaviour that it returns. A throw fails the attempt.
  std::function<caf::behavior(job_actor* self)> run;
  std::uint32_t max_attempts = 5;
  std::chrono::milliseconds timeout{300000}; ///< of one attempt; then it is killed and retried
  retry_policy retry;
  unique_policy unique = unique_policy::none; ///< among jobs of this type with equal payload and key
};

/// What a submitter wishes; what it leaves out comes from the type.
struct job_request {
  std::string type;
  std::string payload = "{}";
  std::string queue = "default";
  std::string key;
  std::string idempotency_key;
  jobs::priority priority = priority::medium;
  std::int64_t delay_ms = 0;
  unix_ms run_at = 0;
  std::optional<std::uint32_t> max_attempts;
  std::optional<std::uint32_t> timeout_ms;
  telemetry::trace_context trace;
};

/// The job types of a node. Filled before anything runs, then only read: safe to share between threads.
class job_types {
public:
  struct entry {
    job_type type;
    json_schema schema;
  };

  /// Throws std::invalid_argument on a name that is taken, a schema that does not compile and numbers that
  /// make no sense: all are mistakes in the code.
  void add(job_type type);
  const entry* find(std::string_view name) const noexcept;
  std::vector<const entry*> all() const;

  struct refusal {
    std::string pointer; ///< RFC 6901, into the submission: /type, /payload/ms
    std::string detail;
  };
  /// Checks the payload by the type's schema and fills in what was left out.
  std::variant<job_spec, refusal> make_spec(job_request request, unix_ms now) const;

private:
  std::map<std::string, std::unique_ptr<entry>, std::less<>> entries_;
};

} // namespace tutti::runtime::jobs
