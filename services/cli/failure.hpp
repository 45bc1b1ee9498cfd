#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::cli {

/// Exit codes of every command.
inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2; ///< bad arguments or config

/// Ends the command with one line for a person, and further lines when there are several mistakes to name.
class failure : public std::runtime_error {
public:
  explicit failure(const std::string& what, int with_code = exit_failed, std::vector<std::string> more = {})
      : runtime_error(what), code(with_code), details(std::move(more)) {}

  int code;
  std::vector<std::string> details;
};

/// Ctrl-C, SIGTERM or the terminal's end.
class interrupted : public failure {
public:
  interrupted() : failure("interrupted") {}
};

/// Who read our output has gone (`tutti jobs list | head`): nothing is left to say to anybody.
struct output_closed {};

} // namespace tutti::services::cli
