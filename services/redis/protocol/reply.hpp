#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <caf/error.hpp>

namespace tutti::services::redis {

/// What a server answered to one command (RESP2).
class reply {
public:
  enum class kind : std::uint8_t { missing, nil, integer, string, status, error, array };

  reply() = default; ///< missing: the command has no answer, see batch_result
  static reply nil() { return {kind::nil, {}}; }
  static reply integer(std::int64_t value) { return {kind::integer, value}; }
  /// `as`: string, status or error.
  static reply text(kind as, std::string value) { return {as, std::move(value)}; }
  static reply array(std::vector<reply> elements) { return {kind::array, std::move(elements)}; }

  kind type() const noexcept { return kind_; }
  bool is_error() const noexcept { return kind_ == kind::error; }
  /// By the word that errors begin with: "OOM", "NOSCRIPT", "READONLY"…
  bool is_error(std::string_view word) const noexcept;

  std::int64_t integer() const noexcept;            ///< 0 when it is none
  std::string_view text() const noexcept;           ///< of a string, status or error; else empty
  std::string take_text() noexcept;                 ///< the same, moved out
  std::span<const reply> elements() const noexcept; ///< of an array; else empty
  std::vector<reply> take_elements() noexcept;      ///< the same, moved out

private:
  using value = std::variant<std::monostate, std::int64_t, std::string, std::vector<reply>>;
  reply(kind k, value v) : kind_(k), value_(std::move(v)) {}
  friend class reply_parser;

  kind kind_ = kind::missing;
  value value_;
};

/// Of commands without an answer.
enum class outcome : std::uint8_t {
  answered, ///< there are none
  not_sent, ///< surely not executed
  unknown,  ///< written, then the deadline passed or the connection was lost
};

/// One reply for each command, in order. A command without an answer has a `missing` one, and `lost` and
/// `reason` are about all of those.
struct batch_result {
  std::vector<reply> replies;
  outcome lost = outcome::answered;
  std::string reason;
};

/// No error; or, for what has no answer: unavailable when not sent, timeout when unknown.
caf::error to_error(const batch_result& result);

/// No error for any other reply. unavailable: the server refuses for now (OOM, LOADING, READONLY…);
/// otherwise rejected. A script that fails may have written before.
caf::error to_error(const reply& answer);

} // namespace tutti::services::redis
