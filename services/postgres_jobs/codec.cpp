#include "services/postgres_jobs/codec.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace tutti::services::postgres_jobs {
namespace {

using namespace runtime;
using namespace runtime::jobs;

constexpr std::string_view hex = "0123456789abcdef";

std::string uuid_of(std::uint64_t hi, std::uint64_t lo) {
  std::string out(32, '0');
  for (int i = 15; i >= 0; --i, hi >>= 4, lo >>= 4) {
    out[static_cast<std::size_t>(i)] = hex[hi & 15];
    out[static_cast<std::size_t>(i) + 16] = hex[lo & 15];
  }
  return out;
}

std::pair<std::uint64_t, std::uint64_t> halves_of(std::string_view uuid) noexcept {
  std::uint64_t half[2] = {0, 0};
  std::size_t digits = 0;
  for (char c : uuid) {
    if (c == '-')
      continue;
    auto value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0 || digits == 32)
      return {0, 0};
    auto& h = half[digits++ / 16];
    h = h << 4 | static_cast<unsigned>(value);
  }
  return digits == 32 ? std::pair{half[0], half[1]} : std::pair<std::uint64_t, std::uint64_t>{0, 0};
}

/// How many bytes a whole character of UTF-8 (RFC 3629) has here; 0: none that is valid.
std::size_t character(std::string_view at) noexcept {
  auto byte = [&](std::size_t i) { return i < at.size() ? static_cast<unsigned char>(at[i]) : 0u; };
  auto lead = byte(0);
  if (lead < 0x80)
    return lead != 0 ? 1 : 0;
  std::size_t size = lead >= 0xC2 && lead < 0xE0   ? 2
                     : lead >= 0xE0 && lead < 0xF0 ? 3
                     : lead >= 0xF0 && lead < 0xF5 ? 4
                                                   : 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80)
      return 0;
  bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  bool beyond = (lead == 0xED && byte(1) >= 0xA0) || (lead == 0xF4 && byte(1) >= 0x90);
  return overlong || beyond ? 0 : size;
}

telemetry::trace_context trace_of(const std::optional<std::string_view>& text) {
  return text ? telemetry::trace_context::parse(*text).value_or(telemetry::trace_context{})
              : telemetry::trace_context{};
}

std::string text_or_empty(const postgres::row& from, int column) {
  return from.get<std::optional<std::string>>(column).value_or("");
}

/// What an `integer` of the tables can hold.
std::int64_t bounded(std::uint32_t value, std::int64_t least) {
  return std::clamp<std::int64_t>(value, least, std::numeric_limits<std::int32_t>::max());
}

} // namespace

std::string uuid_text(job_id id) {
  return uuid_of(id.hi, id.lo);
}

std::string uuid_text(fingerprint value) {
  return uuid_of(value.hi, value.lo);
}

job_id read_id(std::string_view uuid) noexcept {
  auto [hi, lo] = halves_of(uuid);
  return {hi, lo};
}

fingerprint read_fingerprint(std::string_view uuid) noexcept {
  auto [hi, lo] = halves_of(uuid);
  return {hi, lo};
}

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto size = character(text);
    if (size != 0) {
      out += text.substr(0, size);
    } else {
      auto byte = static_cast<unsigned char>(text.front());
      out += "\xEF\xBF\xBD";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

void job_columns::add(const job_spec& spec) {
  ids_.push_back(uuid_text(spec.id));
  types_.push_back(clean(spec.type));
  payloads_.push_back(clean(spec.payload));
  queues_.push_back(clean(spec.queue));
  names_.push_back(clean(spec.idempotency_key));
  bodies_.push_back(uuid_text(spec.body));
  traces_.push_back(spec.trace.format());
  keys_.push_back(clean(spec.key));
  unique_values_.push_back(uuid_text(spec.unique_value));
  priorities_.push_back(static_cast<std::int64_t>(spec.priority));
  run_at_.push_back(spec.run_at);
  attempts_.push_back(bounded(spec.max_attempts, 1));
  timeouts_.push_back(bounded(spec.timeout_ms, 0));
  uniques_.push_back(static_cast<std::int64_t>(spec.unique));
}

void job_columns::append_to(postgres::call& to, unix_ms ageing_ms, bool all) const {
  auto& p = to.parameters;
  for (auto* texts : {&ids_, &types_, &payloads_, &queues_, &names_, &bodies_})
    p.emplace_back(*texts);
  for (auto* numbers : {&priorities_, &run_at_, &attempts_, &timeouts_})
    p.emplace_back(*numbers);
  p.emplace_back(traces_);
  p.emplace_back(ageing_ms);
  if (!all)
    return;
  p.emplace_back(keys_);
  p.emplace_back(uniques_);
  p.emplace_back(unique_values_);
}

job_event read_event(const postgres::row& from, int first) {
  job_event out;
  out.id = read_id(from.get<std::string_view>(first));
  out.status = static_cast<job_status>(from.get<int>(first + 1));
  out.attempt = from.get<std::uint32_t>(first + 2);
  out.type = from.get<std::string>(first + 3);
  out.queue = from.get<std::string>(first + 4);
  out.node = from.get<std::string>(first + 5);
  out.error_kind = text_or_empty(from, first + 6);
  out.ran_ms = from.get<std::optional<unix_ms>>(first + 7);
  out.trace = trace_of(from.get<std::optional<std::string_view>>(first + 8));
  out.worker = from.get<std::int64_t>(first + 9);
  out.token = from.get<std::uint64_t>(first + 10);
  return out;
}

const std::string_view view_columns =
    "id, type, queue, key, idempotency_key, payload, priority, status, attempt, max_attempts, timeout_ms, "
    "cancel_requested, progress, result, error_kind, error_message, node, created_at, due_at, started_at, "
    "finished_at, trace";

job_view read_view(const postgres::row& from, int first) {
  job_view out;
  out.id = read_id(from.get<std::string_view>(first));
  out.type = from.get<std::string>(first + 1);
  out.queue = from.get<std::string>(first + 2);
  out.key = text_or_empty(from, first + 3);
  out.idempotency_key = text_or_empty(from, first + 4);
  out.payload = from.get<std::string>(first + 5);
  out.priority = static_cast<jobs::priority>(from.get<int>(first + 6));
  out.status = static_cast<job_status>(from.get<int>(first + 7));
  out.attempt = from.get<std::uint32_t>(first + 8);
  out.max_attempts = from.get<std::uint32_t>(first + 9);
  out.timeout_ms = from.get<std::uint32_t>(first + 10);
  out.cancel_requested = from.get<bool>(first + 11);
  out.progress = text_or_empty(from, first + 12);
  out.result = text_or_empty(from, first + 13);
  out.error = {text_or_empty(from, first + 14), text_or_empty(from, first + 15)};
  out.node = from.get<std::string>(first + 16);
  out.created_at = from.get<unix_ms>(first + 17);
  if (out.status == job_status::scheduled || out.status == job_status::retrying)
    out.run_at = from.get<unix_ms>(first + 18);
  out.started_at = from.get<unix_ms>(first + 19);
  out.finished_at = from.get<unix_ms>(first + 20);
  out.trace_id = trace_of(from.get<std::optional<std::string_view>>(first + 21)).trace_id_hex();
  return out;
}

void add_history(job_view& job, const postgres::result& attempts) {
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    auto from = attempts[i];
    job.history.push_back({from.get<std::uint32_t>(0),
                           from.get<std::string>(3),
                           from.get<unix_ms>(1),
                           from.get<unix_ms>(2),
                           from.get<std::string>(4),
                           {text_or_empty(from, 5), text_or_empty(from, 6)}});
  }
  if (job.status == job_status::running)
    job.history.push_back({job.attempt, job.node, job.started_at, 0, "running", {}});
  else if (job.status == job_status::succeeded && job.attempt == 1)
    job.history.push_back({1, job.node, job.started_at, job.finished_at, "succeeded", {}});
}

const std::string_view schedule_columns =
    "version, name, type, payload, queue, key, priority, max_attempts, timeout_ms, unique_policy, "
    "unique_value, body, interval_ms, cron, time_zone, missed, jitter_ms, paused, created_at, anchor, "
    "nominal_next, next_at, last_at, last_job, fired";

stored_schedule read_schedule(const postgres::row& from) {
  stored_schedule out;
  out.version = from.get<std::int64_t>(0);
  auto& view = out.planned.view;
  auto& spec = view.spec;
  spec.name = from.get<std::string>(1);
  spec.job.type = from.get<std::string>(2);
  spec.job.payload = from.get<std::string>(3);
  spec.job.queue = from.get<std::string>(4);
  spec.job.key = text_or_empty(from, 5);
  spec.job.priority = static_cast<jobs::priority>(from.get<int>(6));
  spec.job.max_attempts = from.get<std::uint32_t>(7);
  spec.job.timeout_ms = from.get<std::uint32_t>(8);
  spec.job.unique = static_cast<unique_policy>(from.get<int>(9));
  spec.job.unique_value = read_fingerprint(from.get<std::string_view>(10));
  spec.job.body = read_fingerprint(from.get<std::string_view>(11));
  spec.interval_ms = from.get<std::optional<std::int64_t>>(12).value_or(0);
  spec.cron = text_or_empty(from, 13);
  spec.time_zone = from.get<std::string>(14);
  spec.missed = static_cast<catch_up>(from.get<int>(15));
  spec.jitter_ms = from.get<std::int64_t>(16);
  spec.paused = from.get<bool>(17);
  view.created_at = from.get<unix_ms>(18);
  out.planned.anchor = from.get<unix_ms>(19);
  out.planned.nominal_next = from.get<unix_ms>(20);
  view.next_at = from.get<unix_ms>(21);
  view.last_at = from.get<unix_ms>(22);
  view.last_job = read_id(from.get<std::string_view>(23));
  view.fired = from.get<std::uint64_t>(24);
  return out;
}

} // namespace tutti::services::postgres_jobs
