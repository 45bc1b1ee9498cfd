#include "services/http/request_reader.hpp"

#include <algorithm>
#include <cstring>

namespace tutti::services::http {
namespace {

// "0", CR LF, CR LF: that much always comes before the end, and Beast does not look closely at less.
constexpr std::size_t shortest_last_chunk = 5;
// Most requests fit; it is all that an idle connection keeps.
constexpr std::size_t first_capacity = 1024;
constexpr std::size_t body_capacity = 16 * 1024;

} // namespace

std::span<char> request_reader::prepare() {
  if (begin_ == end_)
    begin_ = end_ = 0;
  if (!data_)
    grow(first_capacity);
  else if (phase_ == phase::body && capacity_ < body_capacity
           && parser_->content_length_remaining().value_or(body_capacity) > capacity_)
    grow(body_capacity);
  else if (end_ == capacity_ && begin_ == 0)
    grow(capacity_ * 2); // next() refuses before this passes the limits
  else if (begin_ != 0 && capacity_ - end_ < capacity_ / 4) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {data_.get() + end_, capacity_ - end_};
}

request_reader::event request_reader::next() {
  switch (phase_) {
  case phase::idle:
    parser_.reset();
    // RFC 9112, 2.2: an empty line before a request is overlooked.
    while (end_ - begin_ >= 2 && data_[begin_] == '\r' && data_[begin_ + 1] == '\n')
      begin_ += 2;
    if (begin_ == end_)
      return event::more;
    phase_ = phase::head;
    line_ = scanned_ = 0;
    [[fallthrough]];
  case phase::head:
    return scan_head();
  case phase::body:
    return read_body();
  case phase::refused:
    break;
  }
  return event::more;
}

// Beast would wait for more after a bare LF and accepts folded lines, so lines are checked here first.
request_reader::event request_reader::scan_head() {
  auto bytes = input();
  // Not the start of a method: another protocol, which may never send a line end.
  if (bytes[0] != '\r' && (bytes[0] <= ' ' || bytes[0] == 0x7f))
    return refuse({400, "The request line is malformed."});
  while (true) {
    auto* found =
        static_cast<const char*>(std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
    auto end = found ? static_cast<std::size_t>(found - bytes.data()) : bytes.size();
    if (line_ == 0 && end > limits_.max_request_line)
      return refuse({414, "The request line is too long."});
    if (end > limits_.max_header_bytes)
      return refuse({431, "The header block is too large."});
    if (line_ != 0 && line_ < bytes.size() && (bytes[line_] == ' ' || bytes[line_] == '\t'))
      return refuse({400, "Folded header lines are not taken."});
    scanned_ = end;
    if (!found)
      return event::more;
    if (end == line_ || bytes[end - 1] != '\r')
      return refuse({400, "Lines must end in CR LF."});
    ++scanned_;
    if (end - line_ == 1)
      break; // the empty line
    line_ = scanned_;
  }
  if (line_ == 0) { // an empty line before the request, in two pieces
    begin_ += scanned_;
    phase_ = phase::idle;
    return next();
  }
  parser_.emplace(limits_, fields_);
  if (auto why = parser_->parse_head(bytes.substr(0, scanned_)))
    return refuse(*why);
  begin_ += scanned_;
  phase_ = parser_->is_done() ? phase::idle : phase::body;
  return event::head;
}

bool request_reader::expect_body(std::size_t limit, bool keep) {
  parser_->expect_body(limit, keep);
  auto length = parser_->content_length();
  return !length || *length <= limit;
}

request_reader::event request_reader::read_body() {
  if (begin_ == end_ || (parser_->chunked() && end_ - begin_ < shortest_last_chunk))
    return event::more;
  std::optional<fault> why;
  begin_ += parser_->parse_body(input(), why);
  if (why)
    return refuse(*why);
  if (parser_->is_done()) {
    phase_ = phase::idle;
    return event::message;
  }
  // What is left are a chunk's size line or the trailers.
  if (end_ - begin_ > limits_.max_header_bytes)
    return refuse({431, "A chunk's header or the trailers are too long."});
  return event::more;
}

request_reader::event request_reader::refuse(fault why) noexcept {
  refusal_ = why;
  phase_ = phase::refused;
  return event::refused;
}

void request_reader::clear() noexcept {
  parser_.reset();
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void request_reader::shrink() noexcept {
  parser_.reset();
  if (begin_ == end_ && capacity_ > first_capacity) {
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }
}

void request_reader::grow(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (end_ != begin_)
    std::memcpy(larger.get(), data_.get() + begin_, end_ - begin_);
  data_ = std::move(larger);
  capacity_ = capacity;
  end_ -= begin_;
  begin_ = 0;
}

} // namespace tutti::services::http
