#include "protocols/http_api/bodies/schedule_body.hpp"

#include "protocols/http_api/bodies/body_fields.hpp"

#include <array>
#include <utility>

namespace tutti::protocols::http_api {
namespace {

enum schedule_field : std::size_t {
  s_type,
  s_payload,
  s_queue,
  s_priority,
  s_key,
  s_max_attempts,
  s_timeout,
  s_interval,
  s_cron,
  s_time_zone,
  s_catch_up,
  s_jitter,
  s_paused,
};
constexpr std::array<std::string_view, 13> schedule_fields{
    "type",       "payload", "queue",    "priority", "key",      "maxAttempts", "timeoutMs",
    "intervalMs", "cron",    "timeZone", "catchUp",  "jitterMs", "paused"};
constexpr std::array<std::string_view, 3> schedule_priorities{"high", "medium", "low"};
constexpr std::array<std::string_view, 3> catch_up_rules{"none", "once", "all"};

class schedule_reader final : public body_fields {
public:
  schedule_reader() noexcept : body_fields(schedule_fields) {}

  result<schedule_body> take() {
    if (!seen(s_type))
      missing(s_type);
    if (seen(s_interval) && seen(s_cron))
      mistake("cron", "must not come together with intervalMs");
    else if (!seen(s_interval) && !seen(s_cron))
      mistake("cron", "is required, or else intervalMs");
    if (auto mistakes = take_problem())
      return std::move(*mistakes);
    return std::move(out_);
  }

private:
  void field(std::size_t index, const scanned_member& what) override {
    switch (index) {
    case s_type:
      out_.type = job_type(what).value_or("");
      break;
    case s_payload:
      out_.payload = what.raw;
      break;
    case s_queue:
      out_.queue = queue_name(what).value_or("");
      break;
    case s_priority:
      out_.priority = static_cast<job_priority>(choice(what, schedule_priorities).value_or(1));
      break;
    case s_key:
      out_.key = line(what, 1, 255);
      break;
    case s_max_attempts:
      out_.max_attempts = integer(what, 1, 100);
      break;
    case s_timeout:
      out_.timeout_ms = integer(what, 1, 86'400'000);
      break;
    case s_interval:
      out_.interval_ms = integer(what, 1000, 31'536'000'000);
      break;
    case s_cron:
      out_.cron = line(what, 1, 256).value_or("");
      break;
    case s_time_zone:
      out_.time_zone = line(what, 1, 64).value_or("");
      break;
    case s_catch_up:
      out_.catch_up = static_cast<catch_up_rule>(choice(what, catch_up_rules).value_or(0));
      break;
    case s_jitter:
      out_.jitter_ms = integer(what, 0, 86'400'000).value_or(0);
      break;
    case s_paused:
      out_.paused = boolean(what).value_or(false);
      break;
    }
  }

  schedule_body out_;
};

} // namespace

std::string_view to_string(catch_up_rule value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < catch_up_rules.size() ? catch_up_rules[index] : "none";
}

result<schedule_body> parse_schedule(std::string_view body) {
  schedule_reader reader;
  if (auto refused = scan_object(body, reader))
    return std::move(*refused);
  return reader.take();
}

} // namespace tutti::protocols::http_api
