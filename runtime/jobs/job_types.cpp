#include "runtime/jobs/job_types.hpp"

#include <stdexcept>
#include <utility>

namespace tutti::runtime::jobs {
namespace {

constexpr std::uint32_t max_attempts = 1000;
constexpr std::chrono::hours max_timeout{30 * 24};

} // namespace

void job_types::add(job_type type) {
  auto compiled = json_schema::compile(type.schema);
  if (auto* words = std::get_if<std::string>(&compiled))
    throw std::invalid_argument("job type " + type.name + ": " + *words);
  if (!type.run || type.max_attempts < 1 || type.max_attempts > max_attempts)
    throw std::invalid_argument("job type " + type.name + ": needs a handler and 1 to 1000 attempts");
  if (type.timeout <= type.timeout.zero() || type.timeout > max_timeout)
    throw std::invalid_argument("job type " + type.name + ": its timeout must be 1 ms to 30 days");
  auto name = type.name;
  auto made = std::make_unique<entry>(entry{std::move(type), std::get<json_schema>(std::move(compiled))});
  if (!entries_.emplace(name, std::move(made)).second)
    throw std::invalid_argument("job type " + name + " is registered twice");
}

const job_types::entry* job_types::find(std::string_view name) const noexcept {
  auto i = entries_.find(name);
  return i == entries_.end() ? nullptr : i->second.get();
}

std::vector<const job_types::entry*> job_types::all() const {
  std::vector<const entry*> out;
  for (auto& [name, e] : entries_)
    out.push_back(e.get());
  return out;
}

std::variant<job_spec, job_types::refusal> job_types::make_spec(job_request request, unix_ms now) const {
  auto* known = find(request.type);
  if (!known)
    return refusal{"/type", "no job type is called '" + request.type + "'; GET /job-types lists them"};
  auto checked = known->schema.check(request.payload);
  if (checked.violation)
    return refusal{"/payload" + checked.violation->pointer, checked.violation->detail};
  auto& type = known->type;
  job_spec spec;
  spec.id = make_job_id(now);
  spec.max_attempts = request.max_attempts.value_or(type.max_attempts);
  spec.timeout_ms = request.timeout_ms.value_or(static_cast<std::uint32_t>(type.timeout.count()));
  spec.run_at = request.delay_ms > 0 ? now + request.delay_ms : request.run_at;
  spec.priority = request.priority;
  spec.unique = type.unique;
  if (type.unique != unique_policy::none)
    spec.unique_value = combine(combine(checked.print, request.key), request.queue);
  // Of the wishes as they were given, so that a repeated relative delay is the same body.
  spec.body = combine(combine(combine(checked.print, request.type), request.queue), request.key);
  spec.body = combine(spec.body, {std::uint64_t{spec.max_attempts}, std::uint64_t{spec.timeout_ms},
                                  static_cast<std::uint64_t>(request.delay_ms),
                                  static_cast<std::uint64_t>(request.run_at),
                                  static_cast<std::uint64_t>(request.priority)});
  spec.type = std::move(request.type);
  spec.payload = std::move(request.payload);
  spec.queue = std::move(request.queue);
  spec.key = std::move(request.key);
  spec.idempotency_key = std::move(request.idempotency_key);
  spec.trace = request.trace;
  return spec;
}

} // namespace tutti::runtime::jobs
