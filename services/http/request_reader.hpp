#pragma once
#include "services/http/request_parser.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::http {

/// Turns the bytes of one connection into requests, one at a time: a head, then, when the owner has said
/// what to do with it, the body. Knows no sockets and no clock.
class request_reader {
public:
  enum class event {
    more,    ///< everything that can be made of the bytes so far has been told
    head,    ///< head() is valid until the next call of prepare() or next(); a body follows if has_body()
    message, ///< that body is complete
    refused, ///< refusal() says why; nothing can follow
  };
  enum class phase { idle, head, body, refused };

  request_reader(const reader_limits& limits, std::vector<actors::http_gateway::header>& scratch) noexcept
      : limits_(limits), fields_(scratch) {}

  /// Room for the next bytes from the client.
  std::span<char> prepare();
  void commit(std::size_t count) noexcept { end_ += count; }
  event next();

  const request_parser& head() const noexcept { return *parser_; }
  bool has_body() const noexcept { return !parser_->is_done(); }
  /// After event::head of a request with a body: more than `limit` bytes are refused with 413. Without
  /// `keep` the body is dropped. False: the Content-Length is already beyond it.
  bool expect_body(std::size_t limit, bool keep);
  std::string take_body() noexcept { return parser_->take_body(); }

  phase state() const noexcept { return phase_; }
  const fault& refusal() const noexcept { return refusal_; }
  /// Bytes that have come and were not looked at, or not to the end.
  bool has_input() const noexcept { return begin_ != end_; }
  /// Forgets what has come.
  void drop_input() noexcept { begin_ = end_; }
  /// Forgets everything, and lets go of the memory.
  void clear() noexcept;
  /// Gives back what a large request needed. For the time between requests.
  void shrink() noexcept;

private:
  event scan_head();
  event read_body();
  event refuse(fault why) noexcept;
  std::string_view input() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  void grow(std::size_t capacity);

  const reader_limits& limits_;
  std::vector<actors::http_gateway::header>& fields_;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::size_t line_ = 0, scanned_ = 0; // of the head, from begin_
  std::optional<request_parser> parser_;
  fault refusal_;
  phase phase_ = phase::idle;
};

} // namespace tutti::services::http
