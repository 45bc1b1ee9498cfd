#include "services/redis_jobs/codec.hpp"

#include "runtime/jobs/schema/json_fingerprint.hpp"
#include "services/redis_jobs/packed.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::redis_jobs {
namespace {

using namespace runtime::jobs;
using runtime::telemetry::trace_context;

/// The places of a changing half, as in lua/common.lua but from 0.
enum place : std::size_t {
  p_status,
  p_attempt,
  p_spent,
  p_deaths,
  p_token,
  p_due,
  p_started,
  p_finished,
  p_node,
  p_worker,
  p_entry,
  p_cancel,
  p_progress,
  p_result,
  p_error,
  p_words,
  p_attempts,
  p_count
};

constexpr std::size_t trace_size = 25;

std::string fingerprint_bytes(fingerprint f) {
  return packer{}.u64(f.hi).u64(f.lo).take();
}

void pack_trace(packer& out, const trace_context& trace) {
  for (auto byte : trace.trace_id)
    out.u8(byte);
  for (auto byte : trace.span_id)
    out.u8(byte);
  out.u8(trace.flags);
}

job_status status_of(std::int64_t number) {
  return static_cast<job_status>(std::clamp<std::int64_t>(number, 0, job_status_count - 1));
}

std::string text_of(const packed& value) {
  return std::string{value.text};
}

} // namespace

std::string id_bytes(job_id id) {
  return packer{}.u64(id.hi).u64(id.lo).take();
}

job_id id_of(std::string_view bytes) {
  if (bytes.size() != 16)
    return {};
  unpacker in{bytes};
  job_id id;
  id.hi = in.u64();
  id.lo = in.u64();
  return id;
}

std::string key_digest(std::string_view idempotency_key) {
  if (idempotency_key.empty())
    return {};
  auto out = fingerprint_bytes(combine(fingerprint{}, idempotency_key));
  out[1] = static_cast<char>(out[1] & ~3);
  return out;
}

std::string unique_field(const job_spec& spec) {
  if (spec.unique == unique_policy::none)
    return {};
  return spec.type + '\0' + fingerprint_bytes(spec.unique_value);
}

std::string fixed_half(const job_spec& spec, std::string_view digest) {
  packer out;
  auto value = spec.unique == unique_policy::none ? std::string{} : fingerprint_bytes(spec.unique_value);
  out.u8(static_cast<std::uint64_t>(spec.priority)).u8(static_cast<std::uint64_t>(spec.unique));
  out.u16(std::min<std::uint32_t>(spec.max_attempts, 65535)).u32(spec.timeout_ms);
  out.raw(fingerprint_bytes(spec.body));
  pack_trace(out, spec.trace);
  out.u8(spec.queue.size()).u8(spec.type.size()).u16(spec.key.size()).u16(spec.idempotency_key.size());
  out.u8(value.size());
  out.raw(spec.queue).raw(spec.type).raw(spec.key).raw(spec.idempotency_key).raw(digest).raw(value);
  return out.raw(spec.payload).take();
}

std::string wishes_of(const job_spec& spec) {
  if (spec.key.empty() && spec.unique == unique_policy::none && spec.run_at == 0)
    return {};
  packer out;
  auto value = unique_field(spec);
  out.u64(static_cast<std::uint64_t>(std::max<unix_ms>(spec.run_at, 0)));
  out.u8(static_cast<std::uint64_t>(spec.unique)).u16(spec.key.size()).u16(value.size());
  out.raw(spec.key).raw(value);
  if (spec.unique == unique_policy::replace)
    out.raw(to_string(spec.id));
  return out.take();
}

trace_context read_trace(std::string_view bytes) {
  trace_context out;
  unpacker in{bytes};
  for (auto& byte : out.trace_id)
    byte = static_cast<std::uint8_t>(in.u8());
  for (auto& byte : out.span_id)
    byte = static_cast<std::uint8_t>(in.u8());
  out.flags = static_cast<std::uint8_t>(in.u8());
  return out;
}

std::optional<fixed_job> read_fixed(std::string_view fixed) {
  unpacker in{fixed};
  fixed_job out;
  out.created_at = static_cast<unix_ms>(in.u64());
  in.raw(12); // its entry
  out.priority = static_cast<priority>(std::min<std::uint64_t>(in.u8(), priority_count - 1));
  in.u8(); // unique policy
  out.max_attempts = static_cast<std::uint32_t>(in.u16());
  out.timeout_ms = static_cast<std::uint32_t>(in.u32());
  in.raw(16); // body
  out.trace = read_trace(in.raw(trace_size));
  auto queue = in.u8(), type = in.u8(), key = in.u16(), idempotency = in.u16(), value = in.u8();
  out.queue = in.raw(queue);
  out.type = in.raw(type);
  out.key = in.raw(key);
  out.idempotency_key = in.raw(idempotency);
  in.raw((idempotency > 0 ? 16 : 0) + value);
  out.payload = in.rest();
  return in.ok() ? std::optional{out} : std::nullopt;
}

std::optional<job_view> read_job(job_id id, std::string_view fixed, std::string_view changing,
                                 bool with_history) {
  auto known = read_fixed(fixed);
  if (!known)
    return std::nullopt;
  job_view out;
  out.id = id;
  out.type = known->type;
  out.queue = known->queue;
  out.key = known->key;
  out.idempotency_key = known->idempotency_key;
  out.payload = known->payload;
  out.priority = known->priority;
  out.max_attempts = known->max_attempts;
  out.timeout_ms = known->timeout_ms;
  out.created_at = known->created_at;
  out.trace_id = known->trace.trace_id_hex();
  if (changing.empty()) // as it was submitted
    return out;
  packed state;
  if (!unpack(changing, state) || state.elements.size() != p_count)
    return std::nullopt;
  out.status = status_of(state.at(p_status).number);
  out.attempt = static_cast<std::uint32_t>(state.at(p_attempt).number);
  out.cancel_requested = state.at(p_cancel).number != 0;
  out.node = text_of(state.at(p_node));
  if (out.status == job_status::scheduled || out.status == job_status::retrying)
    out.run_at = state.at(p_due).number;
  out.started_at = state.at(p_started).number;
  out.finished_at = state.at(p_finished).number;
  out.progress = text_of(state.at(p_progress));
  out.result = text_of(state.at(p_result));
  out.error = {text_of(state.at(p_error)), text_of(state.at(p_words))};
  if (!with_history)
    return out;
  for (auto& a : state.at(p_attempts).elements)
    out.history.push_back({static_cast<std::uint32_t>(a.at(0).number),
                           text_of(a.at(1)),
                           a.at(2).number,
                           a.at(3).number,
                           text_of(a.at(4)),
                           {text_of(a.at(5)), text_of(a.at(6))}});
  if (out.status == job_status::running)
    out.history.push_back({out.attempt, out.node, out.started_at, 0, "running", {}});
  else if (out.status == job_status::succeeded && out.attempt == 1)
    out.history.push_back({1, out.node, out.started_at, out.finished_at, "succeeded", {}});
  return out;
}

std::string pack_schedule(const planned_schedule& schedule) {
  auto& v = schedule.view;
  auto& s = v.spec;
  auto job = s.job; // its key and trace are of a firing
  job.idempotency_key.clear();
  job.trace = {};
  packer out;
  auto time = [](unix_ms t) { return static_cast<std::uint64_t>(t); };
  out.u8(1); // version of this layout
  out.text(s.name).text(fixed_half(job, {})).u64(time(s.interval_ms)).text(s.cron).text(s.time_zone);
  out.u8(static_cast<std::uint64_t>(s.missed)).u64(time(s.jitter_ms)).u8(s.paused);
  out.u64(time(v.created_at)).u64(time(v.next_at)).u64(time(v.last_at));
  out.u64(v.last_job.hi).u64(v.last_job.lo).u64(v.fired);
  out.u64(time(schedule.nominal_next)).u64(time(schedule.anchor));
  out.u8(static_cast<std::uint64_t>(s.job.unique)).u64(s.job.unique_value.hi).u64(s.job.unique_value.lo);
  out.u64(s.job.body.hi).u64(s.job.body.lo);
  return out.take();
}

std::optional<planned_schedule> unpack_schedule(std::string_view bytes) {
  unpacker in{bytes};
  if (in.u8() != 1)
    return std::nullopt;
  planned_schedule out;
  auto& v = out.view;
  auto& s = v.spec;
  auto time = [&] { return static_cast<unix_ms>(in.u64()); };
  s.name = in.text();
  auto fixed = std::string(20, '\0').append(in.text());
  auto job = read_fixed(fixed); // views into it
  s.interval_ms = time();
  s.cron = in.text();
  s.time_zone = in.text();
  s.missed = static_cast<catch_up>(std::min<std::uint64_t>(in.u8(), 2));
  s.jitter_ms = time();
  s.paused = in.u8() != 0;
  v.created_at = time();
  v.next_at = time();
  v.last_at = time();
  v.last_job.hi = in.u64();
  v.last_job.lo = in.u64();
  v.fired = in.u64();
  out.nominal_next = time();
  out.anchor = time();
  s.job.unique = static_cast<unique_policy>(std::min<std::uint64_t>(in.u8(), 3));
  s.job.unique_value.hi = in.u64();
  s.job.unique_value.lo = in.u64();
  s.job.body.hi = in.u64();
  s.job.body.lo = in.u64();
  if (!in.ok() || !job)
    return std::nullopt;
  s.job.type = job->type;
  s.job.payload = job->payload;
  s.job.queue = job->queue;
  s.job.key = job->key;
  s.job.priority = job->priority;
  s.job.max_attempts = job->max_attempts;
  s.job.timeout_ms = job->timeout_ms;
  return out;
}

} // namespace tutti::services::redis_jobs
