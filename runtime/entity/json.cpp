#include "runtime/entity/json.hpp"

#include "runtime/telemetry/text.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

namespace tutti::runtime::entity {
namespace {

constexpr std::size_t max_json_depth = 64;

const rapidjson::Value& value_of(const void* value) {
  return *static_cast<const rapidjson::Value*>(value);
}

/// Brackets outside of strings: parsing is iterative, but what comes after recurses.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_json_depth)
        return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

} // namespace

void json_writer::string(std::string_view x) {
  out_ += '"';
  telemetry::append_json_escaped(out_, x);
  out_ += '"';
}

json_reader::document::document(std::string_view text) : parsed(nullptr) {
  if (too_deep(text)) {
    mistake = json_mistake{"", "is nested deeper than 64 levels"};
    return;
  }
  if (auto nul = text.find('\0'); nul != text.npos) { // for RapidJSON the end
    mistake = json_mistake{"", "is not JSON, at byte " + std::to_string(nul) + ": a NUL"};
    return;
  }
  auto made = std::make_unique<rapidjson::Document>();
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  made->Parse<flags>(text.data(), text.size());
  if (made->HasParseError()) {
    mistake = json_mistake{"", "is not JSON, at byte " + std::to_string(made->GetErrorOffset()) + ": "
                                   + rapidjson::GetParseError_En(made->GetParseError())};
    return;
  }
  parsed = made.release();
}

json_reader::document::~document() {
  delete static_cast<rapidjson::Document*>(parsed);
}

const void* json_reader::document::root() const noexcept {
  return static_cast<const rapidjson::Value*>(static_cast<rapidjson::Document*>(parsed));
}

std::string json_reader::pointer() const {
  if (above_ == nullptr)
    return {};
  auto out = above_->pointer() + '/';
  for (auto c : name_) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

void json_reader::wrong(std::string detail) {
  if (!mistake_)
    mistake_ = json_mistake{pointer(), std::move(detail)};
}

const void* json_reader::member(const char* name) const noexcept {
  auto& v = value_of(value_);
  auto found = v.FindMember(name);
  return found == v.MemberEnd() ? nullptr : &found->value;
}

void json_reader::boolean(bool& x) {
  auto& v = value_of(value_);
  if (v.IsBool())
    x = v.GetBool();
  else
    wrong("must be true or false");
}

bool json_reader::integer(std::int64_t& x, std::int64_t least, std::int64_t most) {
  auto& v = value_of(value_);
  if (v.IsInt64() && v.GetInt64() >= least && v.GetInt64() <= most) {
    x = v.GetInt64();
    return true;
  }
  wrong("must be an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return false;
}

bool json_reader::natural(std::uint64_t& x, std::uint64_t most) {
  auto& v = value_of(value_);
  if (v.IsUint64() && v.GetUint64() <= most) {
    x = v.GetUint64();
    return true;
  }
  wrong("must be an integer from 0 to " + std::to_string(most));
  return false;
}

bool json_reader::is_null() const noexcept {
  return value_of(value_).IsNull();
}

bool json_reader::object() {
  if (value_of(value_).IsObject())
    return true;
  wrong("must be an object");
  return false;
}

std::size_t json_reader::size() {
  auto& v = value_of(value_);
  if (v.IsArray())
    return v.Size();
  wrong("must be an array");
  return 0;
}

const void* json_reader::item(std::size_t n) const noexcept {
  return &value_of(value_)[static_cast<rapidjson::SizeType>(n)];
}

std::vector<std::pair<std::string, const void*>> json_reader::members() {
  std::vector<std::pair<std::string, const void*>> out;
  if (object())
    for (auto& m : value_of(value_).GetObject())
      out.emplace_back(std::string{m.name.GetString(), m.name.GetStringLength()}, &m.value);
  return out;
}

void json_reader::refuse_unknown() {
  for (auto& m : value_of(value_).GetObject()) {
    std::string_view name{m.name.GetString(), m.name.GetStringLength()};
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      return json_reader{&m.value, *this, name}.wrong("is not known here");
  }
}

void json_reader::get_compound(std::string& x) {
  auto& v = value_of(value_);
  if (v.IsString())
    x.assign(v.GetString(), v.GetStringLength());
  else
    wrong("must be a string");
}

} // namespace tutti::runtime::entity
