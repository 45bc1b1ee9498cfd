#include "runtime/jobs/schema/json_schema.hpp"

#include "runtime/jobs/schema/json_fingerprint.hpp"
#include "runtime/jobs/schema/json_schema_node.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <unicode/utf8.h>

namespace tutti::runtime::jobs {
namespace {

using pool = rapidjson::MemoryPoolAllocator<>;
using tree = rapidjson::GenericDocument<rapidjson::UTF8<>, pool, pool>;
using tree_value = tree::ValueType;

bool is_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    if (word & 0x8080808080808080)
      break;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  while (i < text.size()) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, text.size(), c);
    if (c < 0)
      return false;
  }
  return true;
}

/// RapidJSON's handler: each event goes to the fingerprint and, when there is one, to the tree.
class event_tee {
public:
  event_tee(std::string_view json, rapidjson::InsituStringStream& in, tree* document) noexcept
      : json_(json), in_(in), document_(document) {}

  const char* refusal() const noexcept { return refusal_; }
  fingerprint print() const noexcept { return print_.result(); }

  bool Null() {
    print_.null();
    return !document_ || document_->Null();
  }
  bool Bool(bool value) {
    print_.boolean(value);
    return !document_ || document_->Bool(value);
  }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Uint64(value); }
  bool Int64(std::int64_t value) {
    print_.integer(value < 0,
                   value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value));
    return !document_ || document_->Int64(value);
  }
  bool Uint64(std::uint64_t value) {
    print_.integer(false, value);
    return !document_ || document_->Uint64(value);
  }
  bool Double(double value) {
    auto text = json_.substr(in_.Tell()); // in RapidJSON 1.1.0 still where the number begins
    print_.decimal(text.substr(0, text.find_first_not_of("+-.0123456789Ee")));
    return !document_ || document_->Double(value);
  }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; } // needs a flag that we do not set
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (!accept({text, size}))
      return false;
    print_.text({text, size});
    return !document_
           || document_->String(text, size, false); // it points into the buffer that is parsed in place
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (!accept({text, size}))
      return false;
    print_.key({text, size});
    return !document_ || document_->Key(text, size, false);
  }
  bool StartObject() {
    if (!deeper())
      return false;
    print_.begin_object();
    return !document_ || document_->StartObject();
  }
  bool StartArray() {
    if (!deeper())
      return false;
    print_.begin_array();
    return !document_ || document_->StartArray();
  }
  bool EndObject(rapidjson::SizeType count) {
    --depth_;
    print_.end();
    return !document_ || document_->EndObject(count);
  }
  bool EndArray(rapidjson::SizeType count) {
    --depth_;
    print_.end();
    return !document_ || document_->EndArray(count);
  }

private:
  bool accept(std::string_view text) noexcept {
    if (is_utf8(text)) // RapidJSON lets a lone \uDC00 pass
      return true;
    refusal_ = "a string that is not valid Unicode";
    return false;
  }
  bool deeper() noexcept {
    if (++depth_ <= fingerprint_builder::max_depth)
      return true;
    refusal_ = "more than 64 levels of arrays and objects";
    return false;
  }

  std::string_view json_;
  rapidjson::InsituStringStream& in_;
  tree* document_;
  fingerprint_builder print_;
  std::size_t depth_ = 0;
  const char* refusal_ = nullptr;
};

struct parsed_json {
  fingerprint print;
  std::optional<std::string> mistake;
};

/// Parses in `buffer`, a copy of `json` that ends in NUL.
parsed_json parse_events(std::string_view json, char* buffer, tree* document) {
  rapidjson::InsituStringStream in{buffer};
  event_tee events{json, in, document};
  rapidjson::ParseResult outcome;
  auto parse = [&](auto&) {
    rapidjson::Reader reader;
    outcome = reader.Parse<rapidjson::kParseInsituFlag>(in, events);
    return !outcome.IsError();
  };
  if (document)
    document->Populate(parse);
  else
    parse(events);
  const char* why = events.refusal();
  if (!why && outcome.IsError())
    why = rapidjson::GetParseError_En(outcome.Code());
  if (!why && in.Tell() != json.size()) // RapidJSON takes a NUL for the end
    why = "a NUL byte";
  if (!why)
    return {events.print(), std::nullopt};
  return {{},
          "is not acceptable JSON: " + std::string{why} + " (at byte "
              + std::to_string(outcome.IsError() ? outcome.Offset() : in.Tell()) + ")"};
}

/// Memory of one parse; a small payload needs no allocation.
class parse_memory {
public:
  explicit parse_memory(std::string_view json) {
    thread_local char small[4096];
    buffer_ = small;
    if (json.size() >= sizeof small) {
      large_.reset(new char[json.size() + 1]); // not make_unique, which would fill it first
      buffer_ = large_.get();
    }
    if (!json.empty())
      std::memcpy(buffer_, json.data(), json.size());
    buffer_[json.size()] = '\0';
  }
  char* buffer() noexcept { return buffer_; }
  static std::pair<void*, std::size_t> for_tree() noexcept {
    alignas(16) thread_local char memory[16384];
    return {memory, sizeof memory};
  }

private:
  std::unique_ptr<char[]> large_;
  char* buffer_ = nullptr;
};

void feed(fingerprint_builder& out, const tree_value& value) {
  switch (value.GetType()) {
  case rapidjson::kNullType:
    return out.null();
  case rapidjson::kFalseType:
  case rapidjson::kTrueType:
    return out.boolean(value.GetBool());
  case rapidjson::kStringType:
    return out.text({value.GetString(), value.GetStringLength()});
  case rapidjson::kNumberType:
    if (value.IsUint64())
      return out.integer(false, value.GetUint64());
    if (value.IsInt64())
      return out.integer(true, 0 - static_cast<std::uint64_t>(value.GetInt64()));
    {
      char text[32];
      auto end = std::to_chars(text, text + sizeof text, value.GetDouble()).ptr;
      return out.decimal({text, static_cast<std::size_t>(end - text)});
    }
  case rapidjson::kArrayType:
    out.begin_array();
    for (auto& one : value.GetArray())
      feed(out, one);
    return out.end();
  case rapidjson::kObjectType:
    out.begin_object();
    for (auto& one : value.GetObject()) {
      out.key({one.name.GetString(), one.name.GetStringLength()});
      feed(out, one.value);
    }
    return out.end();
  }
}

fingerprint value_print(const tree_value& value) {
  fingerprint_builder out;
  feed(out, value);
  return out.result();
}

/// Where in the payload a value is: a chain on the stack, written out only for a violation.
struct place {
  const place* above = nullptr;
  std::string_view name; ///< of a member
  std::size_t index = 0; ///< of an element, when there is no name
  bool element = false;
};

std::string pointer_of(const place& here) {
  if (!here.above)
    return {};
  auto out = pointer_of(*here.above) + "/";
  if (here.element)
    return out + std::to_string(here.index);
  for (char c : here.name) {
    if (c == '~' || c == '/')
      out += c == '~' ? "~0" : "~1";
    else
      out += c;
  }
  return out;
}

std::string_view string_of(const tree_value& value) {
  return {value.GetString(), value.GetStringLength()};
}

unsigned type_of(const tree_value& value) {
  switch (value.GetType()) {
  case rapidjson::kNullType:
    return t_null;
  case rapidjson::kFalseType:
  case rapidjson::kTrueType:
    return t_boolean;
  case rapidjson::kObjectType:
    return t_object;
  case rapidjson::kArrayType:
    return t_array;
  case rapidjson::kStringType:
    return t_string;
  case rapidjson::kNumberType:
    return value.IsInt64() || value.IsUint64() ? t_integer | t_number : t_number;
  }
  return 0;
}

std::string type_words(unsigned types) {
  std::string out;
  for (auto& [name, bit] : json_type_names)
    if (types & bit)
      out.append(out.empty() ? "" : " or ")
          .append(bit == t_null                            ? ""
                  : bit & (t_object | t_array | t_integer) ? "an "
                                                           : "a ")
          .append(name);
  return out;
}

/// Checks a value against a node; the first violation ends it. Without `out` only the answer counts.
class payload_checker {
public:
  explicit payload_checker(std::optional<violation>* out) noexcept : out_(out) {}

  bool check(const schema_node& node, const tree_value& value, const place& here) {
    if (node.never)
      return fail(here, "is not allowed");
    const auto type = type_of(value);
    if (!(node.types & type))
      return fail(here, [&] {
        return "must be " + type_words(node.types) + ", not "
               + type_words(type & t_integer ? t_integer : type);
      });
    if (!node.allowed.empty()
        && std::find(node.allowed.begin(), node.allowed.end(), value_print(value)) == node.allowed.end())
      return fail(here, [&] {
        return (node.allowed.size() == 1 ? "must be " : "must be one of ") + node.allowed_text;
      });
    return (!(type & t_object) || !node.for_objects || object(node, value, here))
           && (!(type & t_array) || array(node, value, here))
           && (!(type & t_string) || string(node, value, here))
           && (!(type & t_number) || number(node, value, here)) && combined(node, value, here);
  }

private:
  template <class Words>
  bool fail(const place& here, Words&& words) {
    if (out_ && !*out_) {
      if constexpr (std::is_invocable_v<Words>)
        *out_ = violation{pointer_of(here), words()};
      else
        *out_ = violation{pointer_of(here), words};
    }
    return false;
  }

  bool object(const schema_node& node, const tree_value& value, const place& here) {
    if (value.MemberCount() < node.min_properties)
      return fail(here,
                  [&] { return "must have at least " + std::to_string(node.min_properties) + " members"; });
    if (value.MemberCount() > node.max_properties)
      return fail(here,
                  [&] { return "must have at most " + std::to_string(node.max_properties) + " members"; });
    std::bitset<schema_node::max_required> present;
    for (auto& one : value.GetObject()) {
      const auto name = string_of(one.name);
      const place there{&here, name};
      auto known = std::lower_bound(node.properties.begin(), node.properties.end(), name,
                                    [](auto& a, auto wanted) { return a.name < wanted; });
      const bool named = known != node.properties.end() && known->name == name;
      if (named && known->required >= 0)
        present.set(static_cast<std::size_t>(known->required));
      bool covered = named && known->schema;
      if (covered && !check(*known->schema, one.value, there))
        return false;
      for (auto& [pattern, schema] : node.pattern_properties)
        if (pattern.occurs_in(name)) {
          covered = true;
          if (!check(*schema, one.value, there))
            return false;
        }
      if (covered)
        continue;
      if (!node.additional_allowed)
        return fail(there, "is not a known property");
      if (node.additional && !check(*node.additional, one.value, there))
        return false;
    }
    if (static_cast<int>(present.count()) < node.required_count)
      for (auto& one : node.properties)
        if (one.required >= 0 && !present[static_cast<std::size_t>(one.required)])
          return fail(place{&here, one.name}, "is required");
    return true;
  }

  bool array(const schema_node& node, const tree_value& value, const place& here) {
    if (value.Size() < node.min_items)
      return fail(here, [&] { return "must have at least " + std::to_string(node.min_items) + " elements"; });
    if (value.Size() > node.max_items)
      return fail(here, [&] { return "must have at most " + std::to_string(node.max_items) + " elements"; });
    if (node.items)
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
        if (!check(*node.items, value[i], {&here, {}, i, true}))
          return false;
    if (!node.unique_items)
      return true;
    std::vector<std::pair<fingerprint, std::size_t>> prints;
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i)
      prints.emplace_back(value_print(value[i]), i);
    std::sort(prints.begin(), prints.end());
    auto same =
        std::adjacent_find(prints.begin(), prints.end(), [](auto& a, auto& b) { return a.first == b.first; });
    if (same == prints.end())
      return true;
    return fail({&here, {}, std::next(same)->second, true},
                [&] { return "is the same as element " + std::to_string(same->second); });
  }

  bool string(const schema_node& node, const tree_value& value, const place& here) {
    const auto text = string_of(value);
    if (node.min_length > 0 || node.max_length < text.size()) { // bytes are at least as many as characters
      const auto count = static_cast<std::uint64_t>(
          std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
      if (count < node.min_length)
        return fail(here,
                    [&] { return "must have at least " + std::to_string(node.min_length) + " characters"; });
      if (count > node.max_length)
        return fail(here,
                    [&] { return "must have at most " + std::to_string(node.max_length) + " characters"; });
    }
    if (node.pattern && !node.pattern->occurs_in(text))
      return fail(here, [&] { return "does not match the pattern " + node.pattern_text; });
    return true;
  }

  bool number(const schema_node& node, const tree_value& value, const place& here) {
    if (!node.minimum && !node.maximum && !node.multiple_of)
      return true;
    const auto v = value.IsInt64()    ? static_cast<long double>(value.GetInt64())
                   : value.IsUint64() ? static_cast<long double>(value.GetUint64())
                                      : static_cast<long double>(value.GetDouble());
    if (auto& low = node.minimum; low && (low->exclusive ? v <= low->value : v < low->value))
      return fail(here,
                  [&] { return (low->exclusive ? "must be above " : "must be at least ") + low->text; });
    if (auto& high = node.maximum; high && (high->exclusive ? v >= high->value : v > high->value))
      return fail(here,
                  [&] { return (high->exclusive ? "must be below " : "must be at most ") + high->text; });
    if (auto& step = node.multiple_of) {
      const auto rest = std::fabs(std::remainder(v, step->value));
      const bool whole = value.IsInt64() || value.IsUint64();
      // 0.3 is meant to be a multiple of 0.1, though the doubles are not.
      const long double slack = whole && step->value == std::floor(step->value) ? 0 : std::fabs(v) * 1e-15L;
      if (rest > slack)
        return fail(here, [&] { return "must be a multiple of " + step->text; });
    }
    return true;
  }

  bool combined(const schema_node& node, const tree_value& value, const place& here) {
    for (auto& one : node.all_of)
      if (!check(*one, value, here))
        return false;
    if (node.any_of.empty() && node.one_of.empty() && !node.not_)
      return true;
    payload_checker trial{nullptr};
    auto fits = [&](auto& one) { return trial.check(*one, value, here); };
    if (!node.any_of.empty() && std::none_of(node.any_of.begin(), node.any_of.end(), fits))
      return fail(
          here, [&] { return "fits none of the " + std::to_string(node.any_of.size()) + " allowed forms"; });
    if (!node.one_of.empty()) {
      const auto count = std::count_if(node.one_of.begin(), node.one_of.end(), fits);
      if (count != 1)
        return fail(here, [&] {
          return "must fit exactly one of " + std::to_string(node.one_of.size()) + " forms, but fits "
                 + std::to_string(count);
        });
    }
    if (node.not_ && fits(node.not_))
      return fail(here, "has a form that is not allowed");
    return true;
  }

  std::optional<violation>* out_;
};

} // namespace

json_schema::json_schema(std::shared_ptr<const schema_node> root) noexcept : root_(std::move(root)) {}

std::variant<json_schema, std::string> json_schema::compile(std::string_view schema_text) {
  auto compiled = compile_schema(schema_text);
  if (auto* why = std::get_if<std::string>(&compiled))
    return std::move(*why);
  return json_schema{std::shared_ptr<const schema_node>{std::move(std::get<schema_node::pointer>(compiled))}};
}

checked json_schema::check(std::string_view payload) const {
  parse_memory memory{payload};
  auto [space, size] = parse_memory::for_tree();
  pool allocator{space, size};
  tree document{&allocator, 1024, &allocator};
  auto parsed = parse_events(payload, memory.buffer(), &document);
  checked out{.violation = std::nullopt, .print = parsed.print};
  if (parsed.mistake)
    out.violation = violation{"", std::move(*parsed.mistake)};
  else
    payload_checker{&out.violation}.check(*root_, document, {});
  return out;
}

std::optional<fingerprint> fingerprint_of(std::string_view json) {
  parse_memory memory{json};
  auto parsed = parse_events(json, memory.buffer(), nullptr);
  if (parsed.mistake)
    return std::nullopt;
  return parsed.print;
}

} // namespace tutti::runtime::jobs
