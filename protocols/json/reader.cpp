#include "protocols/json/reader.hpp"

#include "protocols/http_api/utf8.hpp"
#include "protocols/json/escapes.hpp"

#include <bit>
#include <charconv>
#include <cstring>

namespace tutti::protocols::json {
namespace {

constexpr std::size_t max_path_bytes = 200;

/// Of eight bytes of a string: a set bit in each that is not plain ASCII, a quote or a backslash. Bytes
/// behind the first such one may be marked by mistake.
std::uint64_t special_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  auto below = [&](std::uint64_t x, std::uint64_t n) { return x - ones * n; };
  auto quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
  return (below(word, 0x20) | below(quote, 1) | below(slash, 1) | word) & high;
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

} // namespace

std::string to_string(const field_error& what) {
  return what.field.empty() ? what.detail : what.field + ": " + what.detail;
}

reader::reader(std::string_view text, std::string_view root) noexcept
    : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), root_(root) {}

void reader::blanks() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
    ++at_;
}

kind reader::peek() noexcept {
  blanks();
  if (failed_ || at_ == end_)
    return kind::none;
  switch (*at_) {
  case '{':
    return kind::object;
  case '[':
    return kind::array;
  case '"':
    return kind::string;
  case 't':
  case 'f':
    return kind::boolean;
  case 'n':
    return kind::null;
  default:
    return *at_ == '-' || is_digit(*at_) ? kind::number : kind::none;
  }
}

bool reader::open(char bracket, std::string_view otherwise) {
  blanks();
  if (failed_ || at_ == end_ || *at_ != bracket)
    return fail(otherwise);
  if (depth_ == max_depth)
    return syntax("has more than 64 levels of arrays and objects");
  ++at_;
  levels_[depth_++] = {nullptr, 0, 0, bracket == '['};
  return true;
}

bool reader::next_member(std::string_view& name) {
  if (failed_)
    return false;
  auto& here = levels_[depth_ - 1];
  blanks();
  if (at_ != end_ && *at_ == '}') {
    ++at_;
    --depth_;
    return false;
  }
  if (here.count > 0) {
    if (at_ == end_ || *at_ != ',')
      return syntax("lacks a comma or a closing brace");
    ++at_;
    blanks();
  }
  bool escaped = false;
  if (at_ == end_ || *at_ != '"')
    return syntax("lacks a member's name");
  if (!scan_string(name, escaped))
    return false;
  ++here.count;
  here.name = name.data();
  here.name_size = static_cast<std::uint32_t>(name.size());
  if (escaped) {
    scratch_.clear();
    append_unescaped(scratch_, name);
    name = scratch_;
  }
  blanks();
  if (at_ == end_ || *at_ != ':')
    return syntax("lacks a colon");
  ++at_;
  return true;
}

bool reader::next_element() {
  if (failed_)
    return false;
  auto& here = levels_[depth_ - 1];
  blanks();
  if (at_ != end_ && *at_ == ']') {
    ++at_;
    --depth_;
    return false;
  }
  if (here.count > 0) {
    if (at_ == end_ || *at_ != ',')
      return syntax("lacks a comma or a closing bracket");
    ++at_;
    blanks();
    if (at_ != end_ && *at_ == ']')
      return syntax("has a comma without a value");
  }
  ++here.count;
  return true;
}

bool reader::null() noexcept {
  return peek() == kind::null && scan_literal("null");
}

bool reader::boolean(bool& out) {
  if (peek() != kind::boolean)
    return fail("must be a boolean");
  bool value = *at_ == 't';
  if (!scan_literal(value ? "true" : "false"))
    return false;
  out = value;
  return true;
}

bool reader::string(std::string_view& out) {
  bool escaped = false;
  if (peek() != kind::string)
    return fail("must be a string");
  if (!scan_string(out, escaped))
    return false;
  if (escaped) {
    scratch_.clear();
    append_unescaped(scratch_, out);
    out = scratch_;
  }
  return true;
}

bool reader::string(std::string& out) {
  std::string_view text;
  if (!string(text))
    return false;
  out = text;
  return true;
}

bool reader::signed_integer(std::int64_t& out) {
  if (peek() != kind::number)
    return fail("must be an integer");
  auto from = at_;
  bool whole = false;
  if (!scan_number(whole))
    return false;
  if (!whole)
    return fail("must be an integer");
  if (std::from_chars(from, at_, out).ec != std::errc{})
    return fail("is out of range");
  return true;
}

bool reader::number(double& out) {
  if (peek() != kind::number)
    return fail("must be a number");
  auto from = at_;
  bool whole = false;
  if (!scan_number(whole))
    return false;
  if (std::from_chars(from, at_, out).ec != std::errc{})
    return fail("is out of range");
  return true;
}

bool reader::scan_literal(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
    return syntax("is not a JSON value");
  at_ += word.size();
  return true;
}

bool reader::scan_number(bool& whole) {
  auto digits = [&] {
    auto from = at_;
    while (at_ != end_ && is_digit(*at_))
      ++at_;
    return at_ != from;
  };
  whole = true;
  if (*at_ == '-')
    ++at_;
  if (at_ != end_ && *at_ == '0')
    ++at_;
  else if (!digits())
    return syntax("is not a JSON number");
  if (at_ != end_ && *at_ == '.') {
    whole = false;
    ++at_;
    if (!digits())
      return syntax("is not a JSON number");
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    whole = false;
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-'))
      ++at_;
    if (!digits())
      return syntax("is not a JSON number");
  }
  return true;
}

bool reader::scan_string(std::string_view& slice, bool& escaped) {
  auto from = ++at_;
  for (;;) {
    while (end_ - at_ >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at_, sizeof word);
      auto special = special_bytes(word);
      if (special) {
        if constexpr (std::endian::native == std::endian::little)
          at_ += std::countr_zero(special) / 8;
        break;
      }
      at_ += 8;
    }
    if (at_ == end_)
      return syntax("has a string without an end");
    auto c = static_cast<unsigned char>(*at_);
    if (c == '"') {
      slice = {from, static_cast<std::size_t>(at_ - from)};
      ++at_;
      return true;
    }
    if (c == '\\') {
      auto length = escape_length({at_, static_cast<std::size_t>(end_ - at_)});
      if (length == 0)
        return syntax("has a broken escape in a string");
      escaped = true;
      at_ += length;
    } else if (c < 0x20) {
      return syntax("has a control character in a string");
    } else if (c < 0x80) {
      ++at_;
    } else {
      auto step = http_api::next_utf8({at_, static_cast<std::size_t>(end_ - at_)});
      if (!step.valid)
        return syntax("has broken UTF-8 in a string");
      at_ += step.length;
    }
  }
}

bool reader::scan_scalar(char first) {
  std::string_view slice;
  bool unused = false;
  switch (first) {
  case '"':
    return scan_string(slice, unused);
  case 't':
    return scan_literal("true");
  case 'f':
    return scan_literal("false");
  case 'n':
    return scan_literal("null");
  default:
    if (first == '-' || is_digit(first))
      return scan_number(unused);
    return syntax("is not a JSON value");
  }
}

bool reader::skip() {
  if (failed_)
    return false;
  std::uint64_t objects = 0; // the kinds of the open brackets, the innermost in bit 0
  std::size_t open = 0;
  bool unused = false;
  std::string_view name;
  auto member = [&] { // up to its value
    blanks();
    if (at_ == end_ || *at_ != '"')
      return syntax("lacks a member's name");
    if (!scan_string(name, unused))
      return false;
    blanks();
    if (at_ == end_ || *at_ != ':')
      return syntax("lacks a colon");
    ++at_;
    return true;
  };
  for (;;) {
    blanks();
    if (at_ == end_)
      return syntax("ends too early");
    const char first = *at_;
    if (first == '{' || first == '[') {
      if (depth_ + open == max_depth)
        return syntax("has more than 64 levels of arrays and objects");
      const bool object = first == '{';
      ++at_;
      blanks();
      if (at_ == end_ || *at_ != (object ? '}' : ']')) {
        objects = objects << 1 | object;
        ++open;
        if (object && !member())
          return false;
        continue;
      }
      ++at_;
    } else if (!scan_scalar(first)) {
      return false;
    }
    for (;; --open, objects >>= 1) { // behind a value
      if (open == 0)
        return true;
      blanks();
      const bool object = objects & 1;
      if (at_ != end_ && *at_ == ',') {
        ++at_;
        if (object && !member())
          return false;
        break;
      }
      if (at_ == end_ || *at_ != (object ? '}' : ']'))
        return syntax(object ? "lacks a comma or a closing brace" : "lacks a comma or a closing bracket");
      ++at_;
    }
  }
}

bool reader::raw(std::string_view& out) {
  blanks();
  auto from = at_;
  if (!skip())
    return false;
  out = {from, static_cast<std::size_t>(at_ - from)};
  return true;
}

bool reader::end() {
  blanks();
  return failed_ ? false : at_ == end_ ? true : syntax("has something behind its end");
}

std::string reader::path() const {
  std::string out{root_};
  for (std::size_t i = 0; i < depth_; ++i) {
    auto& here = levels_[i];
    if (here.count == 0)
      break;
    if (here.array) {
      out += '[' + std::to_string(here.count - 1) + ']';
      continue;
    }
    if (!out.empty())
      out += '.';
    for (char c : std::string_view{here.name, here.name_size}.substr(0, max_path_bytes))
      out += c > 0x20 && c < 0x7F ? c : '?';
  }
  if (out.size() > max_path_bytes)
    out.resize(max_path_bytes);
  return out;
}

bool reader::fail(std::string_view detail) {
  if (!failed_) {
    failed_ = true;
    path_text_ = path();
    detail_ = detail;
  }
  return false;
}

bool reader::syntax(std::string_view detail) {
  if (!failed_)
    fail(std::string{detail} + " (at byte " + std::to_string(at_ - begin_) + ")");
  return false;
}

bool reader::fail_member(std::string_view name, std::string_view detail) {
  if (failed_)
    return false;
  fail(detail);
  if (!path_text_.empty())
    path_text_ += '.';
  path_text_ += name;
  return false;
}

} // namespace tutti::protocols::json
