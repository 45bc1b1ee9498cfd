#include "protocols/http_api/bodies/job_body.hpp"

#include "protocols/http_api/bodies/body_fields.hpp"
#include "protocols/http_api/rfc3339.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tutti::protocols::http_api {
namespace {

constexpr std::int64_t max_delay_ms = std::int64_t{366} * 24 * 3600 * 1000;
constexpr std::size_t max_key = 255;

enum job_field : std::size_t {
  f_type,
  f_payload,
  f_idempotency_key,
  f_priority,
  f_queue,
  f_key,
  f_delay,
  f_run_at,
  f_max_attempts,
  f_timeout,
};
constexpr std::array<std::string_view, 10> job_fields{"type",        "payload",  "idempotencyKey", "priority",
                                                      "queue",       "key",      "delayMs",        "runAt",
                                                      "maxAttempts", "timeoutMs"};
constexpr std::array<std::string_view, 3> priorities{"high", "medium", "low"};

bool printable(char c) {
  return c >= 0x20 && c < 0x7F;
}

class submission_fields final : public body_fields {
public:
  submission_fields() noexcept : body_fields(job_fields) {}

  void begin(json_kind kind) override {
    body_fields::begin(kind);
    job_ = {};
    object_ = kind == json_kind::object;
  }

  result<submission> take(std::string_view prefix = {}) {
    if (object_ && !seen(f_type))
      missing(f_type);
    if (seen(f_delay) && seen(f_run_at))
      mistake("delayMs", "must not come together with runAt");
    if (auto mistakes = take_problem(prefix))
      return std::move(*mistakes);
    return std::move(job_);
  }

private:
  void field(std::size_t index, const scanned_member& what) override {
    switch (index) {
    case f_type:
      job_.type = job_type(what).value_or("");
      break;
    case f_payload:
      job_.payload = what.raw;
      break;
    case f_idempotency_key:
      job_.idempotency_key = word(what, 1, max_key, printable, "printable ASCII characters");
      break;
    case f_priority:
      job_.priority = static_cast<job_priority>(choice(what, priorities).value_or(1));
      break;
    case f_queue:
      job_.queue = queue_name(what).value_or("");
      break;
    case f_key:
      job_.key = line(what, 1, max_key);
      break;
    case f_delay:
      job_.delay_ms = integer(what, 0, max_delay_ms).value_or(0);
      break;
    case f_run_at:
      if (auto text = string(what)) {
        job_.run_at_ms = parse_rfc3339(*text);
        if (!job_.run_at_ms)
          mistake(what.name, "must be an RFC 3339 time with its offset, such as 2026-11-22T17:30:00Z");
      }
      break;
    case f_max_attempts:
      job_.max_attempts = integer(what, 1, 100);
      break;
    case f_timeout:
      job_.timeout_ms = integer(what, 1, 86'400'000);
      break;
    }
  }

  submission job_;
  bool object_ = false;
};

class batch_elements final : public scan_sink {
public:
  batch_elements(std::vector<result<submission>>& out, std::size_t max_jobs) noexcept
      : out_(out), max_jobs_(max_jobs) {}

  std::size_t count() const noexcept { return count_; }

  void begin(json_kind kind) override { one_.begin(kind); }
  void member(const scanned_member& what) override {
    if (count_ < max_jobs_)
      one_.member(what);
  }
  void end() override {
    if (count_ < max_jobs_)
      out_.push_back(one_.take("/" + std::to_string(count_)));
    ++count_;
  }

private:
  submission_fields one_;
  std::vector<result<submission>>& out_;
  const std::size_t max_jobs_;
  std::size_t count_ = 0;
};

problem too_many(std::size_t max_jobs) {
  return unprocessable("a batch may have at most " + std::to_string(max_jobs) + " jobs");
}

/// The text of a quoted string of RFC 8941 (3.3.3); anything else as it is.
std::string unquoted(std::string_view header) {
  if (header.size() < 2 || header.front() != '"' || header.back() != '"')
    return std::string{header};
  std::string out;
  for (std::size_t i = 1; i + 1 < header.size(); ++i) {
    if (header[i] == '"')
      return std::string{header};
    if (header[i] == '\\') {
      ++i;
      if (i + 1 == header.size() || (header[i] != '"' && header[i] != '\\'))
        return std::string{header};
    }
    out += header[i];
  }
  return out;
}

} // namespace

std::string_view to_string(job_priority value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < priorities.size() ? priorities[index] : "medium";
}

result<submission> parse_submission(std::string_view body) {
  submission_fields fields;
  if (auto refused = scan_object(body, fields))
    return std::move(*refused);
  return fields.take();
}

std::optional<problem> apply_idempotency_header(submission& job, std::optional<std::string_view> header) {
  if (!header)
    return std::nullopt;
  auto key = unquoted(*header);
  if (key.empty() || key.size() > max_key || !std::all_of(key.begin(), key.end(), printable))
    return unprocessable("the Idempotency-Key header must be 1 to 255 printable ASCII characters");
  if (job.idempotency_key && *job.idempotency_key != key)
    return unprocessable("the Idempotency-Key header and idempotencyKey differ",
                         {{"/idempotencyKey", "differs from the Idempotency-Key header"}});
  job.idempotency_key = std::move(key);
  return std::nullopt;
}

result<std::vector<result<submission>>> parse_batch(std::string_view body, batch_format format,
                                                    std::size_t max_jobs) {
  std::vector<result<submission>> out;
  if (format == batch_format::array) {
    batch_elements elements{out, max_jobs};
    if (auto refused = scan_array(body, elements))
      return std::move(*refused);
    if (elements.count() > max_jobs)
      return too_many(max_jobs);
    return out;
  }
  for (std::size_t number = 1; !body.empty(); ++number) {
    auto line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == line.npos)
      continue;
    if (out.size() == max_jobs)
      return too_many(max_jobs);
    auto job = parse_submission(line);
    if (auto* mistakes = std::get_if<problem>(&job))
      mistakes->detail.insert(0, "line " + std::to_string(number) + ": ");
    out.push_back(std::move(job));
  }
  return out;
}

} // namespace tutti::protocols::http_api
