#include "protocols/http_api/object_scan.hpp"

#include "protocols/http_api/utf8.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace tutti::protocols::http_api {
namespace {

/// RapidJSON's handler. It parses a copy in place: the strings of the copy get decoded, and positions in it
/// are positions in the body. A member is reported when what follows it is met, as only then its end is
/// known: at a string or number, RapidJSON 1.1.0's Tell() is still the position where it began.
class scan_handler {
public:
  scan_handler(std::string_view body, rapidjson::InsituStringStream& in, scan_sink& sink,
               bool elements) noexcept
      : body_(body), in_(in), sink_(sink), top_(elements ? 2 : 1) {
    auto first = body.find_first_not_of(" \t\r\n");
    wrong_top_ = first == body.npos || body[first] != (elements ? '[' : '{');
  }

  bool wrong_top() const noexcept { return wrong_top_; }
  const char* refusal() const noexcept { return refusal_; }

  bool Null() { return scalar(json_kind::null, in_.Tell() - 4); }
  bool Bool(bool value) {
    pending_.flag = value;
    return scalar(json_kind::boolean, in_.Tell() - (value ? 4 : 5));
  }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Int64(value); }
  bool Int64(std::int64_t value) {
    pending_.integer = value;
    return scalar(json_kind::integer, in_.Tell());
  }
  bool Uint64(std::uint64_t value) {
    return value <= INT64_MAX ? Int64(static_cast<std::int64_t>(value)) : Double(0);
  }
  bool Double(double) { return scalar(json_kind::number, in_.Tell()); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; } // needs a flag that we do not set
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (!accept({text, size}))
      return false;
    pending_.text = {text, size};
    return scalar(json_kind::string, in_.Tell());
  }

  bool StartObject() { return open(json_kind::object); }
  bool StartArray() { return open(json_kind::array); }
  bool EndObject(rapidjson::SizeType) {
    if (depth_ == top_ && in_object_) {
      flush(in_.Tell() - 1);
      in_object_ = false;
    }
    return close();
  }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!accept({text, size}))
      return false;
    if (depth_ == top_ && in_object_) {
      flush(in_.Tell());
      pending_ = {.name = {text, size}};
      waiting_ = true;
    }
    return true;
  }

private:
  bool accept(std::string_view text) {
    if (valid_utf8(text)) // RapidJSON turns a lone \uDC00 into a surrogate, which is not UTF-8
      return true;
    refusal_ = "a string that is not valid Unicode";
    return false;
  }

  bool scalar(json_kind kind, std::size_t begin) {
    if (depth_ == top_ && waiting_)
      start_value(kind, begin);
    else if (depth_ + 1 == top_) {
      element(kind);
      sink_end();
    }
    return true;
  }

  bool open(json_kind kind) {
    if (depth_ == top_ && waiting_)
      start_value(kind, in_.Tell() - 1);
    else if (depth_ + 1 == top_)
      element(kind);
    if (++depth_ >= max_json_depth + top_) {
      refusal_ = "more than 64 levels of arrays and objects";
      return false;
    }
    return true;
  }

  bool close() {
    if (depth_-- == top_)
      sink_end();
    return true;
  }

  /// The value of a member begins.
  void start_value(json_kind kind, std::size_t begin) noexcept {
    pending_.kind = kind;
    begin_ = begin;
    waiting_ = false;
    have_value_ = true;
  }

  /// An object that the sink wants, or an element of the array, begins; with `top_` 2 the array itself is
  /// level 1.
  void element(json_kind kind) {
    in_object_ = kind == json_kind::object;
    if (!wrong_top_)
      sink_.begin(kind);
  }

  void sink_end() {
    if (!wrong_top_)
      sink_.end();
  }

  /// Reports the member that ends before `limit`, where the next key or the closing bracket stands.
  void flush(std::size_t limit) {
    if (!have_value_)
      return;
    have_value_ = false;
    auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    auto trim = [&] {
      while (blank(body_[limit - 1]))
        --limit;
    };
    trim();
    if (body_[limit - 1] == ',') { // no value ends in a comma
      --limit;
      trim();
    }
    pending_.raw = body_.substr(begin_, limit - begin_);
    if (!wrong_top_)
      sink_.member(pending_);
  }

  std::string_view body_;
  rapidjson::InsituStringStream& in_;
  scan_sink& sink_;
  const std::size_t top_; ///< the depth at which the members of interest are
  std::size_t depth_ = 0;
  std::size_t begin_ = 0;
  scanned_member pending_;
  bool waiting_ = false;    ///< a key was read, not its value
  bool have_value_ = false; ///< a value has begun and is not reported
  bool in_object_ = false;  ///< what `begin` announced is an object
  bool wrong_top_ = false;
  const char* refusal_ = nullptr;
};

/// A NUL-terminated copy to parse in place; small ones need no allocation.
class scratch_copy {
public:
  explicit scratch_copy(std::string_view body) {
    thread_local std::array<char, 8192> small;
    data_ = small.data();
    if (body.size() >= small.size()) {
      large_.reset(new char[body.size() + 1]); // not make_unique, which would fill it first
      data_ = large_.get();
    }
    std::memcpy(data_, body.data(), body.size());
    data_[body.size()] = '\0';
  }
  char* data() noexcept { return data_; }

private:
  std::unique_ptr<char[]> large_;
  char* data_ = nullptr;
};

problem not_json(const char* why, std::size_t offset) {
  return malformed(std::string{"the body is not acceptable JSON: "} + why + " (at byte "
                   + std::to_string(offset) + ")");
}

std::optional<problem> scan(std::string_view body, scan_sink& sink, bool elements) {
  if (body.empty())
    return malformed("the body is empty");
  scratch_copy copy{body};
  rapidjson::InsituStringStream in{copy.data()};
  scan_handler handler{body, in, sink, elements};
  rapidjson::Reader reader;
  auto outcome = reader.Parse<rapidjson::kParseInsituFlag>(in, handler);
  if (handler.refusal())
    return not_json(handler.refusal(), outcome.Offset());
  if (outcome.IsError())
    return not_json(rapidjson::GetParseError_En(outcome.Code()), outcome.Offset());
  if (in.Tell() != body.size()) // RapidJSON takes a NUL for the end
    return not_json("a NUL byte", in.Tell());
  if (handler.wrong_top())
    return unprocessable(elements ? "the body must be an array" : "the body must be an object",
                         {{"", elements ? "must be an array" : "must be an object"}});
  return std::nullopt;
}

} // namespace

std::string_view name_of(json_kind kind) noexcept {
  switch (kind) {
  case json_kind::null:
    return "null";
  case json_kind::boolean:
    return "a boolean";
  case json_kind::integer:
    return "an integer";
  case json_kind::number:
    return "a number";
  case json_kind::string:
    return "a string";
  case json_kind::object:
    return "an object";
  case json_kind::array:
    return "an array";
  }
  return "";
}

std::optional<problem> scan_object(std::string_view body, scan_sink& sink) {
  return scan(body, sink, false);
}

std::optional<problem> scan_array(std::string_view body, scan_sink& sink) {
  return scan(body, sink, true);
}

} // namespace tutti::protocols::http_api
