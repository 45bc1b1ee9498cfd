#include "services/sim/base/json.hpp"

#include <algorithm>
#include <limits>

#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace tutti::services::sim {
namespace {

const json nothing;
const std::string no_text;
const json::array no_items;
const json::object no_members;

/// Builds values from the events of RapidJSON's reader.
class json_builder {
public:
  bool Null() { return add(nullptr); }
  bool Bool(bool v) { return add(v); }
  bool Int(int v) { return add(v); }
  bool Uint(unsigned v) { return add(v); }
  bool Int64(std::int64_t v) { return add(v); }
  bool Uint64(std::uint64_t v) { return add(v); }
  bool Double(double v) { return add(v); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType size, bool) { return add(std::string{text, size}); }
  bool StartObject() { return open(json::object{}); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    keys_.back().assign(text, size);
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(json::array{}); }
  bool EndArray(rapidjson::SizeType) { return close(); }

  json take() { return std::move(root_); }

private:
  static constexpr std::size_t max_depth = 64;

  bool open(json empty) {
    if (open_.size() == max_depth)
      return false;
    open_.push_back(std::move(empty));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return add(std::move(done));
  }
  bool add(json value) {
    if (open_.empty())
      root_ = std::move(value);
    else if (open_.back().is_array())
      open_.back().push(std::move(value));
    else
      open_.back().set(keys_.back(), std::move(value));
    return true;
  }

  json root_;
  std::vector<json> open_;
  std::vector<std::string> keys_;
};

using json_writer = rapidjson::Writer<rapidjson::StringBuffer>;

struct json_printer {
  json_writer& out;

  void operator()(std::nullptr_t) { out.Null(); }
  void operator()(bool v) { out.Bool(v); }
  void operator()(std::int64_t v) { out.Int64(v); }
  void operator()(std::uint64_t v) { out.Uint64(v); }
  void operator()(double v) { out.Double(v); }
  void operator()(const std::string& v) { out.String(v.data(), static_cast<rapidjson::SizeType>(v.size())); }
  void operator()(const json::array& v) {
    out.StartArray();
    for (auto& item : v)
      item.visit(*this);
    out.EndArray();
  }
  void operator()(const json::object& v) {
    out.StartObject();
    for (auto& [name, member] : v) {
      out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
      member.visit(*this);
    }
    out.EndObject();
  }
};

} // namespace

bool json::is_integer() const noexcept {
  return std::holds_alternative<std::int64_t>(value_) || std::holds_alternative<std::uint64_t>(value_);
}

const std::string& json::text() const noexcept {
  auto* v = std::get_if<std::string>(&value_);
  return v ? *v : no_text;
}

bool json::truth(bool otherwise) const noexcept {
  auto* v = std::get_if<bool>(&value_);
  return v ? *v : otherwise;
}

std::int64_t json::integer(std::int64_t otherwise) const noexcept {
  if (auto* v = std::get_if<std::int64_t>(&value_))
    return *v;
  if (auto* v = std::get_if<std::uint64_t>(&value_))
    return static_cast<std::int64_t>(std::min<std::uint64_t>(*v, std::numeric_limits<std::int64_t>::max()));
  return otherwise;
}

double json::number(double otherwise) const noexcept {
  if (auto* v = std::get_if<double>(&value_))
    return *v;
  return is_integer() ? static_cast<double>(integer()) : otherwise;
}

const json::array& json::items() const noexcept {
  auto* v = std::get_if<array>(&value_);
  return v ? *v : no_items;
}

const json::object& json::members() const noexcept {
  auto* v = std::get_if<object>(&value_);
  return v ? *v : no_members;
}

const json* json::find(std::string_view name) const noexcept {
  for (auto& [key, value] : members())
    if (key == name)
      return &value;
  return nullptr;
}

const json& json::operator[](std::string_view name) const noexcept {
  auto* found = find(name);
  return found ? *found : nothing;
}

json& json::at(std::string_view name) {
  if (auto* found = find(name))
    return const_cast<json&>(*found); // ours, and we are not const
  return set(name, object{});
}

json& json::set(std::string_view name, json value) {
  if (!is_object())
    value_ = object{};
  auto& members = std::get<object>(value_);
  for (auto& [key, old] : members)
    if (key == name)
      return old = std::move(value);
  return members.emplace_back(std::string{name}, std::move(value)).second;
}

void json::erase(std::string_view name) {
  if (auto* members = std::get_if<object>(&value_))
    std::erase_if(*members, [&](auto& member) { return member.first == name; });
}

void json::push(json value) {
  if (!is_array())
    value_ = array{};
  std::get<array>(value_).push_back(std::move(value));
}

std::string json::dump() const {
  rapidjson::StringBuffer buffer;
  json_writer out{buffer};
  visit(json_printer{out});
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<json> json::parse(std::string_view text) {
  constexpr auto flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Reader reader;
  rapidjson::MemoryStream bytes{text.data(), text.size()};
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> in{bytes};
  json_builder builder;
  if (reader.Parse<flags>(in, builder).IsError())
    return std::nullopt;
  return builder.take();
}

} // namespace tutti::services::sim
