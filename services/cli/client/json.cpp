#include "services/cli/client/json.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace tutti::services::cli {
namespace {

using value = rapidjson::Value;

constexpr std::size_t max_depth = 200; // writing is recursive

const value& at(const void* p) {
  static const value nothing;
  return p ? *static_cast<const value*>(p) : nothing;
}

bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{') && ++depth > max_depth)
      return true;
    else if (!quoted && (c == ']' || c == '}') && depth > 0)
      --depth;
  }
  return false;
}

} // namespace

std::optional<json> json::parse(std::string_view text, std::string* why) {
  if (too_deep(text)) {
    if (why)
      *why = "it is nested too deeply";
    return std::nullopt;
  }
  auto made = std::make_shared<rapidjson::Document>();
  made->Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (made->HasParseError()) {
    if (why)
      *why = std::string{rapidjson::GetParseError_En(made->GetParseError())} + " (at byte "
             + std::to_string(made->GetErrorOffset()) + ")";
    return std::nullopt;
  }
  const value* root = made.get();
  return json{std::move(made), root};
}

json json::operator[](std::string_view name) const {
  auto& v = at(value_);
  if (!v.IsObject())
    return {};
  auto i = v.FindMember(value{name.data(), static_cast<rapidjson::SizeType>(name.size())});
  return i == v.MemberEnd() ? json{} : json{owner_, &i->value};
}

bool json::is_null() const noexcept {
  return at(value_).IsNull();
}

bool json::is_object() const noexcept {
  return at(value_).IsObject();
}

bool json::is_array() const noexcept {
  return at(value_).IsArray();
}

bool json::is_string() const noexcept {
  return at(value_).IsString();
}

bool json::flag() const noexcept {
  return at(value_).IsTrue();
}

std::int64_t json::integer() const noexcept {
  auto& v = at(value_);
  return v.IsInt64() ? v.GetInt64() : 0;
}

std::uint64_t json::count() const noexcept {
  auto& v = at(value_);
  return v.IsUint64() ? v.GetUint64() : 0;
}

double json::number() const noexcept {
  auto& v = at(value_);
  return v.IsNumber() ? v.GetDouble() : 0;
}

std::string json::text() const {
  auto& v = at(value_);
  if (v.IsString())
    return {v.GetString(), v.GetStringLength()};
  return v.IsNull() ? "" : dump();
}

std::string json::dump() const {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer{out};
  at(value_).Accept(writer);
  return {out.GetString(), out.GetSize()};
}

std::vector<json> json::items() const {
  std::vector<json> out;
  auto& v = at(value_);
  if (v.IsArray())
    for (auto& item : v.GetArray())
      out.push_back(json{owner_, &item});
  return out;
}

std::vector<std::pair<std::string, json>> json::members() const {
  std::vector<std::pair<std::string, json>> out;
  auto& v = at(value_);
  if (v.IsObject())
    for (auto& m : v.GetObject())
      out.emplace_back(std::string{m.name.GetString(), m.name.GetStringLength()}, json{owner_, &m.value});
  return out;
}

} // namespace tutti::services::cli
