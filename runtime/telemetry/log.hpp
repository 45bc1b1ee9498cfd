#pragma once
#include "runtime/telemetry/trace.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/core.h>

/// Logs: an event name, then fields: `log.warn("player.rejoin guild={} attempt={}", guild, attempt)`.
///
/// Lines go to stderr, one write each, before the call returns: nothing is queued, so nothing can grow or be
/// lost in a crash. Secrets are redacted and control characters escaped in every line (see redact.hpp,
/// text.hpp).
namespace tutti::runtime::telemetry {

enum class level : std::uint8_t { trace, debug, info, warn, error, off };

/// What a line belongs to. Passed on explicitly: actors change threads, so nothing can hang on one.
struct log_context {
  trace_context trace{};
  std::string job{}; ///< job id; empty: none
};

/// Where lines go in tests.
class log_capture {
public:
  log_capture();
  ~log_capture();
  log_capture(const log_capture&) = delete;
  log_capture& operator=(const log_capture&) = delete;

  /// The lines so far, each as written, without its final newline.
  std::vector<std::string> lines() const;
  void append(std::string_view line); ///< thread-safe

private:
  struct state;
  std::unique_ptr<state> state_;
};

struct log_options {
  level threshold = level::info;
  bool json = true; ///< one JSON object a line; else text for people
  std::string node; ///< this node's name, in every line
  std::vector<std::string> secrets;
  std::shared_ptr<log_capture> capture; ///< set: lines go there instead of stderr
};

/// A handle, cheap to copy; all members may be called from any thread.
class logger {
public:
  /// A logger of its own, for tests; programs use init() and get().
  explicit logger(log_options options);

  /// The same log, each line with this context.
  logger with(log_context context) const;

  bool enabled(level l) const noexcept;
  void set_level(level l) const noexcept; ///< for every handle of this log

  template <class... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) const {
    write(level::trace, format, args...);
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(level::debug, format, args...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(level::info, format, args...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    write(level::warn, format, args...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(level::error, format, args...);
  }

private:
  struct core;
  friend void init(log_options options);
  friend const logger& get();
  explicit logger(std::shared_ptr<core> shared);

  template <class... Args>
  void write(level l, fmt::string_view format, Args&... args) const {
    if (enabled(l))
      write_line(l, format, fmt::make_format_args(args...));
  }
  /// Never throws: what cannot be formatted is logged as `log.failed`.
  void write_line(level l, fmt::string_view format, fmt::format_args args) const noexcept;

  std::shared_ptr<core> core_;
  std::shared_ptr<const log_context> context_;
};

/// Sets up the process's log. May be called again; loggers handed out before follow.
void init(log_options options);

/// The process's log; before init(): level info, as text, on stderr.
const logger& get();

} // namespace tutti::runtime::telemetry
