#include "runtime/telemetry/log.hpp"

#include "runtime/telemetry/redact.hpp"
#include "runtime/telemetry/text.hpp"
#include "runtime/wall_clock.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace tutti::runtime::telemetry {
namespace {

/// Longer messages are cut: a line must fit a log shipper's buffer and a payload must not flood the log.
constexpr std::size_t max_message = 16 * 1024;

constexpr std::string_view level_names[] = {"trace", "debug", "info", "warn", "error", "off"};
constexpr std::string_view level_columns[] = {"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR", "OFF  "};

/// The first word when it looks like an event name.
std::string_view event_of(std::string_view message) {
  auto word = message.substr(0, message.find(' '));
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  for (char c : word)
    if (!allowed(c))
      return {};
  return word.size() <= 64 ? word : std::string_view{};
}

void cut(std::string& message) {
  if (message.size() <= max_message)
    return;
  auto dropped = message.size() - max_message;
  message.resize(max_message);
  message += fmt::format(" (cut {} bytes)", dropped);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty())
    return;
  out += ",\"";
  out += name;
  out += "\":\"";
  append_json_escaped(out, value);
  out += '"';
}

std::string json_line(level l, const std::string& node, std::string_view message,
                      const log_context* context) {
  std::string out;
  out.reserve(message.size() * 2 + 160);
  out += "{\"time\":\"";
  append_rfc3339(out, wall_time().count());
  out += "\",\"level\":\"";
  out += level_names[static_cast<int>(l)];
  out += '"';
  append_field(out, "node", node);
  append_field(out, "event", event_of(message));
  out += ",\"message\":\"";
  append_json_escaped(out, message);
  out += '"';
  if (context) {
    append_field(out, "trace", context->trace.trace_id_hex());
    append_field(out, "job", context->job);
  }
  out += '}';
  return out;
}

std::string console_line(level l, const std::string& node, std::string_view message,
                         const log_context* context) {
  std::string out;
  out.reserve(message.size() + 120);
  append_rfc3339(out, wall_time().count());
  out += ' ';
  out += level_columns[static_cast<int>(l)];
  out += ' ';
  if (!node.empty()) {
    append_line_escaped(out, node);
    out += ' ';
  }
  append_line_escaped(out, message);
  if (context && context->trace)
    out += " trace=" + context->trace.trace_id_hex();
  if (context && !context->job.empty()) {
    out += " job=";
    append_line_escaped(out, context->job);
  }
  return out;
}

class capture_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit capture_sink(std::shared_ptr<log_capture> target) : target_(std::move(target)) {}

protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    target_->append({msg.payload.data(), msg.payload.size()});
  }
  void flush_() override {}

private:
  std::shared_ptr<log_capture> target_;
};

} // namespace

/// Everything a line needs but its level; replaced as a whole by init().
struct log_destination {
  bool json;
  std::string node;
  redactor redact;
  spdlog::logger out;

  log_destination(log_options options, spdlog::sink_ptr sink)
      : json(options.json), node(std::move(options.node)), redact(options.secrets), out("", std::move(sink)) {
    out.set_level(spdlog::level::trace);
    out.set_pattern("%v"); // the line arrives complete
  }
};

namespace {

std::shared_ptr<log_destination> open_destination(log_options options) {
  spdlog::sink_ptr sink;
  if (options.capture)
    sink = std::make_shared<capture_sink>(options.capture);
  else
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::make_shared<log_destination>(std::move(options), std::move(sink));
}

} // namespace

struct log_capture::state {
  mutable std::mutex mutex;
  std::vector<std::string> lines;
};

log_capture::log_capture() : state_(std::make_unique<state>()) {}
log_capture::~log_capture() = default;

std::vector<std::string> log_capture::lines() const {
  std::lock_guard guard{state_->mutex};
  return state_->lines;
}

void log_capture::append(std::string_view line) {
  std::lock_guard guard{state_->mutex};
  state_->lines.emplace_back(line);
}

struct logger::core {
  std::atomic<level> threshold{level::info};
  std::mutex mutex;
  std::shared_ptr<log_destination> to;

  explicit core(log_options options) { reset(std::move(options)); }

  void reset(log_options options) {
    auto l = options.threshold;
    auto fresh = open_destination(std::move(options));
    std::lock_guard guard{mutex};
    to = std::move(fresh);
    threshold.store(l, std::memory_order_relaxed);
  }

  std::shared_ptr<log_destination> current() {
    std::lock_guard guard{mutex};
    return to;
  }
};

logger::logger(log_options options) : core_(std::make_shared<core>(std::move(options))) {}
logger::logger(std::shared_ptr<core> shared) : core_(std::move(shared)) {}

logger logger::with(log_context context) const {
  auto result = *this;
  result.context_ = std::make_shared<const log_context>(std::move(context));
  return result;
}

bool logger::enabled(level l) const noexcept {
  return l >= core_->threshold.load(std::memory_order_relaxed);
}

void logger::set_level(level l) const noexcept {
  core_->threshold.store(l, std::memory_order_relaxed);
}

void logger::write_line(level l, fmt::string_view format, fmt::format_args args) const noexcept {
  try {
    auto to = core_->current();
    std::string message;
    try {
      message = fmt::vformat(format, args);
    } catch (const std::exception& e) {
      message = fmt::format("log.failed reason={}", e.what());
    }
    to->redact.apply(message); // before cutting, which could leave half a secret
    cut(message);
    auto line = to->json ? json_line(l, to->node, message, context_.get())
                         : console_line(l, to->node, message, context_.get());
    to->out.log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
  } catch (...) { // out of memory: the caller's work matters more than its log line
  }
}

void init(log_options options) {
  get().core_->reset(std::move(options));
}

const logger& get() {
  // Never destroyed: actors may still log while the process exits.
  static const auto* process = new logger{log_options{.json = false}};
  return *process;
}

} // namespace tutti::runtime::telemetry
