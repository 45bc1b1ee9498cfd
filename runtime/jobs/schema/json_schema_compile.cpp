#include "runtime/jobs/schema/json_schema.hpp"
#include "runtime/jobs/schema/json_schema_node.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <variant>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace tutti::runtime::jobs {
namespace {

using rapidjson::Value;

std::string_view view_of(const Value& text) {
  return {text.GetString(), text.GetStringLength()};
}

std::string json_text(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer{buffer};
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// Builds the tree of nodes; the first mistake ends it.
class schema_compiler {
public:
  schema_node::pointer compile(const Value& value, const std::string& at) {
    auto out = std::make_unique<schema_node>();
    if (value.IsBool()) {
      out->never = !value.GetBool();
      return out;
    }
    if (!value.IsObject()) {
      fail(at, "a schema must be an object, true or false");
      return out;
    }
    for (auto i = value.MemberBegin(); i != value.MemberEnd() && error_.empty(); ++i) {
      auto name = view_of(i->name);
      if (value.FindMember(i->name) != i)
        fail(at, std::string{name} + " comes twice");
      else if (!any_keyword(*out, name, i->value, at) && !object_keyword(*out, name, i->value, at)
               && !array_keyword(*out, name, i->value, at) && !string_keyword(*out, name, i->value, at)
               && !number_keyword(*out, name, i->value, at) && !combining_keyword(*out, name, i->value, at))
        fail(at, std::string{name} + " is not supported");
    }
    if (error_.empty())
      finish(*out, value, at);
    return out;
  }

  const std::string& error() const noexcept { return error_; }

private:
  void fail(const std::string& at, std::string why) {
    if (error_.empty())
      error_ = (at.empty() ? "the schema" : at) + ": " + std::move(why);
  }

  static std::string below(const std::string& at, std::string_view name) {
    std::string out = at + "/";
    for (char c : name) {
      if (c == '~' || c == '/')
        out += c == '~' ? "~0" : "~1";
      else
        out += c;
    }
    return out;
  }

  bool any_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    if (name == "type") {
      types(out, value, at);
    } else if (name == "enum" || name == "const") {
      if (name == "enum" && (!value.IsArray() || value.Empty()))
        fail(at, "enum must be an array with at least one value");
      else if (!out.allowed.empty())
        fail(at, "enum and const must not come together");
      else if (name == "const")
        allow(out, value);
      else
        for (auto& one : value.GetArray())
          allow(out, one);
    } else {
      constexpr std::string_view annotations[] = {"title",    "description", "default", "examples",
                                                  "$comment", "$schema",     "$id"};
      return std::find(std::begin(annotations), std::end(annotations), name) != std::end(annotations);
    }
    return true;
  }

  void types(schema_node& out, const Value& value, const std::string& at) {
    out.types = 0;
    auto add = [&](const Value& one) {
      auto found = std::find_if(std::begin(json_type_names), std::end(json_type_names),
                                [&](auto& known) { return one.IsString() && known.first == view_of(one); });
      if (found == std::end(json_type_names))
        fail(at, "type names no JSON type");
      else
        out.types |= found->second;
    };
    if (!value.IsArray())
      return add(value);
    if (value.Empty())
      fail(at, "type must not be empty");
    for (auto& one : value.GetArray())
      add(one);
  }

  static void allow(schema_node& out, const Value& value) {
    auto text = json_text(value);
    out.allowed.push_back(fingerprint_of(text).value_or(fingerprint{}));
    if (out.allowed_text.size() < 200)
      out.allowed_text += (out.allowed_text.empty() ? "" : ", ") + text;
    else if (!out.allowed_text.ends_with('.'))
      out.allowed_text += " ...";
  }

  bool object_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    if (name == "properties" || name == "patternProperties") {
      if (!value.IsObject()) {
        fail(at, std::string{name} + " must be an object");
        return true;
      }
      auto inside = below(at, name);
      for (auto i = value.MemberBegin(); i != value.MemberEnd() && error_.empty(); ++i) {
        auto key = view_of(i->name);
        auto schema = compile(i->value, below(inside, key));
        if (name == "properties") {
          auto& known = property_of(out, key);
          if (known.schema)
            fail(inside, std::string{key} + " comes twice");
          known.schema = std::move(schema);
        } else if (auto compiled = pattern(key, inside)) {
          out.pattern_properties.emplace_back(std::move(*compiled), std::move(schema));
        }
      }
    } else if (name == "required") {
      if (!value.IsArray())
        fail(at, "required must be an array of names");
      else
        for (auto& one : value.GetArray())
          if (one.IsString())
            require(property_of(out, view_of(one)), out, at);
          else
            fail(at, "required must be an array of names");
    } else if (name == "additionalProperties") {
      if (value.IsBool())
        out.additional_allowed = value.GetBool();
      else
        out.additional = compile(value, below(at, name));
    } else if (name == "minProperties") {
      count(out.min_properties, name, value, at);
    } else if (name == "maxProperties") {
      count(out.max_properties, name, value, at);
    } else {
      return false;
    }
    out.for_objects = true;
    return true;
  }

  static schema_node::property& property_of(schema_node& out, std::string_view name) {
    auto at = std::lower_bound(out.properties.begin(), out.properties.end(), name,
                               [](auto& known, auto wanted) { return known.name < wanted; });
    if (at == out.properties.end() || at->name != name) {
      at = out.properties.emplace(at);
      at->name = name;
    }
    return *at;
  }

  void require(schema_node::property& one, schema_node& out, const std::string& at) {
    if (one.required >= 0)
      fail(at, "required names " + one.name + " twice");
    else if (out.required_count == static_cast<int>(schema_node::max_required))
      fail(at, "required has over " + std::to_string(schema_node::max_required) + " names");
    else
      one.required = out.required_count++;
  }

  bool array_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    if (name == "items")
      out.items = compile(value, below(at, name));
    else if (name == "minItems")
      count(out.min_items, name, value, at);
    else if (name == "maxItems")
      count(out.max_items, name, value, at);
    else if (name == "uniqueItems" && value.IsBool())
      out.unique_items = value.GetBool();
    else if (name == "uniqueItems")
      fail(at, "uniqueItems must be true or false");
    else
      return false;
    return true;
  }

  bool string_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    if (name == "minLength") {
      count(out.min_length, name, value, at);
    } else if (name == "maxLength") {
      count(out.max_length, name, value, at);
    } else if (name == "pattern" && value.IsString()) {
      out.pattern_text = view_of(value);
      out.pattern = pattern(out.pattern_text, below(at, name));
    } else if (name == "pattern") {
      fail(at, "pattern must be a string");
    } else {
      return false;
    }
    return true;
  }

  bool number_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    const bool low = name == "minimum" || name == "exclusiveMinimum";
    const bool strict = name.starts_with("exclusive");
    if (!low && name != "maximum" && name != "exclusiveMaximum" && name != "multipleOf")
      return false;
    if (strict && value.IsBool())
      return true; // draft 4: belongs to minimum or maximum, see finish()
    if (!value.IsNumber()) {
      fail(at, std::string{name} + " must be a number");
      return true;
    }
    number_limit limit{.value = value.IsInt64()    ? static_cast<long double>(value.GetInt64())
                                : value.IsUint64() ? static_cast<long double>(value.GetUint64())
                                                   : static_cast<long double>(value.GetDouble()),
                       .exclusive = strict,
                       .text = json_text(value)};
    auto& slot = name == "multipleOf" ? out.multiple_of : low ? out.minimum : out.maximum;
    if (slot)
      fail(at, std::string{name} + " comes with another bound on the same side");
    if (name == "multipleOf" && limit.value <= 0)
      fail(at, "multipleOf must be above 0");
    slot = std::move(limit);
    return true;
  }

  bool combining_keyword(schema_node& out, std::string_view name, const Value& value, const std::string& at) {
    if (name == "not") {
      out.not_ = compile(value, below(at, name));
      return true;
    }
    auto* list = name == "allOf"   ? &out.all_of
                 : name == "anyOf" ? &out.any_of
                 : name == "oneOf" ? &out.one_of
                                   : nullptr;
    if (!list)
      return false;
    if (!value.IsArray() || value.Empty()) {
      fail(at, std::string{name} + " must be an array with at least one schema");
      return true;
    }
    for (rapidjson::SizeType i = 0; i < value.Size() && error_.empty(); ++i)
      list->push_back(compile(value[i], below(below(at, name), std::to_string(i))));
    return true;
  }

  void finish(schema_node& out, const Value& value, const std::string& at) {
    for (auto [name, slot] :
         {std::pair{"exclusiveMinimum", &out.minimum}, std::pair{"exclusiveMaximum", &out.maximum}}) {
      auto found = value.FindMember(name);
      if (found == value.MemberEnd() || !found->value.IsBool())
        continue;
      if (!*slot)
        fail(at, std::string{name} + " as a boolean needs its bound beside it");
      else
        (*slot)->exclusive = found->value.GetBool();
    }
    if (out.min_length > out.max_length || out.min_items > out.max_items
        || out.min_properties > out.max_properties
        || (out.minimum && out.maximum && out.minimum->value > out.maximum->value))
      fail(at, "a minimum is above its maximum");
    if (!out.additional_allowed && out.pattern_properties.empty())
      for (auto& one : out.properties)
        if (!one.schema)
          fail(at,
               "required names " + one.name + ", which is no property, and additionalProperties is false");
  }

  void count(std::uint64_t& slot, std::string_view name, const Value& value, const std::string& at) {
    if (value.IsUint64())
      slot = value.GetUint64();
    else
      fail(at, std::string{name} + " must be a whole number from 0 on");
  }

  std::optional<json_pattern> pattern(std::string_view text, const std::string& at) {
    auto compiled = json_pattern::compile(text);
    if (auto* why = std::get_if<std::string>(&compiled)) {
      fail(at, "the pattern " + std::string{text} + " " + *why);
      return std::nullopt;
    }
    return std::move(std::get<json_pattern>(compiled));
  }

  std::string error_;
};

} // namespace

std::variant<schema_node::pointer, std::string> compile_schema(std::string_view text) {
  if (!fingerprint_of(text)) // also holds the depth, before anything here recurses
    return "the schema: is not JSON, or deeper than 64 levels";
  rapidjson::Document document;
  document.Parse<rapidjson::kParseFullPrecisionFlag>(text.data(), text.size());
  if (document.HasParseError())
    return "the schema: is not JSON";
  schema_compiler compiler;
  auto root = compiler.compile(document, {});
  if (!compiler.error().empty())
    return compiler.error();
  return root;
}

} // namespace tutti::runtime::jobs
