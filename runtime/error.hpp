#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <caf/error.hpp>

namespace tutti::runtime {

/// Says what the caller does next. Travels as one byte; 0 means no error.
enum class ec : std::uint8_t {
  unavailable = 1, ///< try again later, with backoff
  rejected,        ///< understood and refused: do not try again as it is
  malformed,       ///< cannot be understood: dead letters
  not_found,       ///< no such thing
  conflict,        ///< not in the state it is in now
  timeout,         ///< no answer in time; the outcome is unknown
  cancelled,       ///< somebody asked for it to end
  failed,          ///< a fault of ours: a handler threw
};

std::string_view to_string(ec code) noexcept;

/// An error with words for a person.
caf::error make_error(ec code, std::string text);

bool is(const caf::error& reason, ec code) noexcept;

/// "timeout: no answer from the store": code and words of any error, ours or CAF's; for logs.
std::string describe(const caf::error& reason);

/// Only what make_error was given; for people who see the code elsewhere. Other errors as describe.
std::string words(const caf::error& reason);

} // namespace tutti::runtime
