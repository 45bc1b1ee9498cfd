#include "services/cli/demo/load.hpp"

#include "protocols/http_api/json_writer.hpp"
#include "services/cli/client/json.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>
#include <utility>

namespace tutti::services::cli {
namespace {

using protocols::http_api::json_writer;

constexpr int echo_jobs = 3000;
constexpr int sleep_jobs = 500;
constexpr int failing_jobs = 60;
constexpr int crashing_jobs = 12;
constexpr int serial_keys = 8;
constexpr int jobs_per_key = 5;
constexpr int delayed_jobs = 100;
constexpr std::size_t duplicates = 50;
constexpr std::uint64_t default_attempts = 5; // of every diag type

/// Picks a number the same way on every run.
int pick(std::mt19937& random, int low, int high) {
  return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
}

template <class Fields>
planned_job job(std::string_view type, std::string_view queue, std::string_view payload, Fields more) {
  std::string line;
  json_writer out{line};
  out.begin_object().member("type", type).member("queue", queue).key("payload").raw(payload);
  more(out);
  out.end_object();
  return plan(std::move(line));
}

} // namespace

planned_job plan(std::string line) {
  planned_job out;
  auto body = json::parse(line).value_or(json{});
  out.type = body["type"].text();
  out.queue = body["queue"].is_null() ? "default" : body["queue"].text();
  out.key = body["key"].text();
  out.delay_ms = body["delayMs"].integer();
  auto allowed = body["maxAttempts"].is_null() ? default_attempts : body["maxAttempts"].count();
  std::uint64_t failures = 0;
  if (out.type == "diag.fail")
    failures = body["payload"]["times"].count();
  else if (out.type == "diag.crash")
    failures = allowed;
  else if (out.type != "diag.echo" && out.type != "diag.sleep")
    throw std::invalid_argument("not a diag job: " + line);
  out.outcome = failures < allowed ? "succeeded" : "dead";
  out.attempts = failures < allowed ? failures + 1 : allowed;
  out.line = std::move(line);
  return out;
}

std::vector<planned_job> file_load() {
  std::vector<planned_job> out;
  auto rest = demo_file();
  while (!rest.empty()) {
    auto end = std::min(rest.find('\n'), rest.size());
    if (end > 0)
      out.push_back(plan(std::string{rest.substr(0, end)}));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

std::vector<planned_job> mixed_load() {
  constexpr std::array<std::string_view, 3> priorities{"high", "medium", "low"};
  std::mt19937 random{2026};
  std::vector<planned_job> out;
  for (int i = 0; i < echo_jobs; ++i)
    out.push_back(job("diag.echo", "mixed", "{\"song\":" + std::to_string(i) + "}", [&](json_writer& more) {
      more.member("priority", priorities[static_cast<std::size_t>(i) % 3]);
      more.member("idempotencyKey", "demo-echo-" + std::to_string(i));
    }));
  for (int i = 0; i < sleep_jobs; ++i)
    out.push_back(job("diag.sleep", "mixed", "{\"ms\":" + std::to_string(pick(random, 50, 500)) + "}",
                      [&](json_writer& more) {
                        more.member("priority", priorities[static_cast<std::size_t>(pick(random, 0, 2))]);
                      }));
  for (int i = 0; i < failing_jobs; ++i)
    out.push_back(
        job("diag.fail", "mixed", "{\"times\":" + std::to_string(1 + i % 2) + "}", [](json_writer&) {}));
  for (int i = 0; i < crashing_jobs; ++i)
    out.push_back(job("diag.crash", "mixed", "{}", [](json_writer& more) { more.member("maxAttempts", 2); }));
  for (int i = 0; i < serial_keys * jobs_per_key; ++i)
    out.push_back(job("diag.sleep", "serial", "{\"ms\":10}", [&](json_writer& more) {
      more.member("key", "guild-" + std::to_string(i % serial_keys));
    }));
  for (int i = 0; i < delayed_jobs; ++i)
    out.push_back(job("diag.echo", "delayed", "{}",
                      [&](json_writer& more) { more.member("delayMs", pick(random, 300, 1500)); }));
  // In any order, as they come in life; the same order every time.
  for (auto i = out.size(); i > 1; --i)
    std::swap(out[i - 1], out[random() % i]);
  for (std::size_t i = 0, found = 0; found < duplicates; ++i)
    if (out[i].type == "diag.echo" && out[i].queue == "mixed") {
      auto again = out[i];
      again.repeats = i;
      out.push_back(std::move(again));
      ++found;
    }
  return out;
}

} // namespace tutti::services::cli
