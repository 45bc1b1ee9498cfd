#pragma once
#include <string>
#include <variant>

namespace tutti::protocols::json {

/// What is wrong with which field. It never quotes a value: messages carry tokens.
struct field_error {
  std::string field;  ///< "d.member.roles[3]"; "" is the whole text
  std::string detail; ///< "must be a string"

  bool operator==(const field_error&) const = default;
};

/// "d.guild_id: must be a string", for logs.
std::string to_string(const field_error& what);

/// A value, or why there is none.
template <class T>
using outcome = std::variant<T, field_error>;

} // namespace tutti::protocols::json
