#pragma once
#include "runtime/config/load.hpp"
#include "runtime/config/values.hpp"

#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

/// How a value of each field type is read and written. Internal to this folder, for keys.cpp alone.
namespace tutti::runtime::config {

/// All values of an enumeration, in the order in which messages name them.
template <class E>
inline constexpr std::array<E, 0> all_values{};
template <>
inline constexpr std::array all_values<provider>{provider::redis, provider::postgres, provider::memory};
template <>
inline constexpr std::array all_values<store_provider>{store_provider::postgres, store_provider::memory};
template <>
inline constexpr std::array all_values<token_provider>{
    token_provider::memory, token_provider::file, token_provider::encrypted_file, token_provider::postgres};
template <>
inline constexpr std::array all_values<tls_mode>{tls_mode::on, tls_mode::off};
template <>
inline constexpr std::array all_values<log_level>{log_level::trace, log_level::debug, log_level::info,
                                                  log_level::warn, log_level::error};
template <>
inline constexpr std::array all_values<log_format>{log_format::json, log_format::console};
template <>
inline constexpr std::array all_values<role>{role::api,     role::shard,  role::audio,
                                             role::spotify, role::worker, role::crawler};

/// Bounds of a number or duration.
template <class T>
struct range {
  T min;
  T max;
};

/// What a text must look like. Empty text means "not set" and passes unless it is required.
struct text_rule {
  std::string (*check)(const std::string&) = nullptr;
  bool required = false;
  std::size_t max_size = 4096; ///< bytes
};

struct no_rule {};

inline std::string lower_case(std::string text) {
  for (auto& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

/// The text inside a value, when that is what it is.
inline const std::string* text_of(const raw& value) {
  return std::get_if<std::string>(&value.data);
}

// Each decode() sets `out` or returns what is wrong. `seen` is the value for messages, hidden when it is
// secret.

template <std::integral T>
requires(!std::same_as<T, bool>) std::string
    decode(const raw& value, T& out, const range<T>& allowed, std::string_view seen) {
  auto wrong = [&] {
    return fmt::format("must be a whole number from {} to {}, is {}", allowed.min, allowed.max, seen);
  };
  std::int64_t number = 0;
  if (auto* integer = std::get_if<std::int64_t>(&value.data)) {
    number = *integer;
  } else if (auto* text = text_of(value); text && value.from_text) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size())
      return wrong();
  } else {
    return wrong();
  }
  if (std::cmp_less(number, allowed.min) || std::cmp_greater(number, allowed.max))
    return wrong();
  out = static_cast<T>(number);
  return "";
}

inline std::string decode(const raw& value, double& out, const range<double>& allowed,
                          std::string_view seen) {
  auto number = std::nan("");
  if (auto* real = std::get_if<double>(&value.data)) {
    number = *real;
  } else if (auto* integer = std::get_if<std::int64_t>(&value.data)) {
    number = static_cast<double>(*integer);
  } else if (auto* text = text_of(value); text && value.from_text) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size())
      number = std::nan("");
  }
  if (!(number >= allowed.min && number <= allowed.max)) // also NaN
    return fmt::format("must be a number from {} to {}, is {}", allowed.min, allowed.max, seen);
  out = number;
  return "";
}

inline std::string decode(const raw& value, bool& out, no_rule, std::string_view seen) {
  if (auto* flag = std::get_if<bool>(&value.data)) {
    out = *flag;
    return "";
  }
  if (auto* text = text_of(value); text && value.from_text) {
    auto word = lower_case(*text);
    bool yes = word == "true" || word == "1" || word == "yes" || word == "on";
    if (yes || word == "false" || word == "0" || word == "no" || word == "off") {
      out = yes;
      return "";
    }
  }
  return fmt::format("must be true or false, is {}", seen);
}

inline std::string decode(const raw& value, milliseconds& out, const range<milliseconds>& allowed,
                          std::string_view seen) {
  auto* text = text_of(value);
  auto parsed = text ? parse_duration(*text) : std::nullopt;
  if (!parsed)
    return fmt::format(
        "must be a duration: a whole number with a unit (ms, s, m, h or d), such as \"5s\"; is {}", seen);
  if (*parsed < allowed.min || *parsed > allowed.max)
    return fmt::format("must be from {} to {}, is {}", format_duration(allowed.min),
                       format_duration(allowed.max), seen);
  out = *parsed;
  return "";
}

inline std::string decode(const raw& value, std::string& out, const text_rule& rule, std::string_view seen) {
  auto* text = text_of(value);
  if (!text)
    return fmt::format("must be a string, is {}", seen);
  if (text->empty() && rule.required)
    return "must not be empty";
  if (text->size() > rule.max_size)
    return fmt::format("must be at most {} bytes", rule.max_size);
  if (text->find('\0') != std::string::npos)
    return "must not contain a zero byte";
  if (rule.check && !text->empty())
    if (auto wrong = rule.check(*text); !wrong.empty())
      return wrong;
  out = *text;
  return "";
}

inline std::string decode(const raw& value, endpoint& out, no_rule, std::string_view seen) {
  auto* text = text_of(value);
  auto parsed = text ? parse_endpoint(*text) : std::nullopt;
  if (!parsed)
    return fmt::format("must be host:port, such as \"127.0.0.1:3000\" or \"[::1]:3000\"; is {}", seen);
  out = std::move(*parsed);
  return "";
}

template <class E>
requires std::is_enum_v<E> std::string decode(const raw& value, E& out, no_rule, std::string_view seen) {
  std::vector<std::string_view> names;
  for (auto v : all_values<E>)
    names.push_back(to_string(v));
  if (auto* text = text_of(value)) {
    auto word = lower_case(*text);
    for (auto v : all_values<E>)
      if (word == to_string(v)) {
        out = v;
        return "";
      }
    if (auto near = nearest(word, names); !near.empty())
      return fmt::format("must be one of {}, is {}; did you mean \"{}\"?", fmt::join(names, ", "), seen,
                         near);
  }
  return fmt::format("must be one of {}, is {}", fmt::join(names, ", "), seen);
}

/// An array; in the environment, its elements with commas between them.
template <class T, class Rule>
std::string decode(const raw& value, std::vector<T>& out, const Rule& rule, std::string_view seen) {
  std::vector<raw> split;
  auto* elements = std::get_if<std::vector<raw>>(&value.data);
  if (auto* text = text_of(value); text && value.from_text) {
    std::string_view rest = *text;
    while (!rest.empty()) {
      auto part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      auto begin = std::min(part.find_first_not_of(' '), part.size());
      part = part.substr(begin, part.find_last_not_of(' ') + 1 - begin);
      split.push_back({std::string{part}, true});
    }
    elements = &split;
  }
  if (!elements)
    return fmt::format("must be an array, is {}", seen);
  std::vector<T> result;
  for (auto& element : *elements) {
    T one{};
    auto hidden = seen == "***" ? std::string{seen} : shown(element);
    if (auto wrong = decode(element, one, rule, hidden); !wrong.empty())
      return fmt::format("[{}] {}", result.size(), wrong);
    if (std::find(result.begin(), result.end(), one) != result.end())
      return fmt::format("[{}] is there twice: {}", result.size(), hidden);
    result.push_back(std::move(one));
  }
  out = std::move(result);
  return "";
}

inline std::vector<std::string> encode(const std::string& v) {
  return {v};
}
inline std::vector<std::string> encode(bool v) {
  return {v ? "true" : "false"};
}
inline std::vector<std::string> encode(double v) {
  return {fmt::format("{}", v)};
}
inline std::vector<std::string> encode(milliseconds v) {
  return {format_duration(v)};
}
inline std::vector<std::string> encode(const endpoint& v) {
  return {to_string(v)};
}
template <std::integral T>
requires(!std::same_as<T, bool>) std::vector<std::string> encode(T v) {
  return {std::to_string(v)};
}
template <class E>
requires std::is_enum_v<E> std::vector<std::string> encode(E v) {
  return {std::string{to_string(v)}};
}
template <class T>
std::vector<std::string> encode(const std::vector<T>& v) {
  std::vector<std::string> out;
  for (auto& one : v)
    out.push_back(encode(one).front());
  return out;
}

} // namespace tutti::runtime::config
