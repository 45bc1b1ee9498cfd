#include "runtime/telemetry/redact.hpp"

#include "runtime/telemetry/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tutti::runtime::telemetry {
namespace {

struct range {
  std::size_t begin;
  std::size_t end;
};
using ranges = std::vector<range>;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::array<std::string_view, 8> sensitive{
    "token", "password", "passwd", "secret", "authorization", "api_key", "api-key", "apikey",
};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_word(char c) noexcept {
  auto l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool equals(std::string_view text, std::string_view lower_case) noexcept {
  return text.size() == lower_case.size()
         && std::equal(text.begin(), text.end(), lower_case.begin(),
                       [](char a, char b) { return lower(a) == b; });
}

bool ends_with(std::string_view text, std::string_view lower_case) noexcept {
  return text.size() >= lower_case.size() && equals(text.substr(text.size() - lower_case.size()), lower_case);
}

std::size_t skip(std::string_view text, std::size_t at, std::string_view chars) noexcept {
  return std::min(text.find_first_not_of(chars, at), text.size());
}

std::size_t until(std::string_view text, std::size_t at, std::string_view chars) noexcept {
  return std::min(text.find_first_of(chars, at), text.size());
}

/// The value that starts at `at`: a quoted string (also within escaped JSON, where \" delimits), or a word.
range value_at(std::string_view text, std::size_t at, bool authorization) noexcept {
  auto quote = skip(text, at, "\\");
  if (quote < text.size() && (text[quote] == '"' || text[quote] == '\'')) {
    auto escapes = quote - at;
    auto begin = quote + 1;
    for (auto end = begin; end < text.size(); ++end) {
      if (text[end] != text[quote])
        continue;
      std::size_t backslashes = 0;
      while (backslashes < end - begin && text[end - 1 - backslashes] == '\\')
        ++backslashes;
      // More backslashes than the opening quote had: a quote within the value.
      if (backslashes <= escapes)
        return {begin, end - backslashes};
    }
    return {begin, text.size()};
  }
  // "Authorization: Digest a=b, c=d": every scheme has its own form, so all of the rest goes.
  return {at, until(text, at, authorization ? "\r\n\"" : " \t\r\n\"'")};
}

/// `word` may be a name such as refresh_token: marks its value when one follows. Returns where to read on.
std::size_t mark_value(std::string_view text, range word, ranges& found) {
  auto name = text.substr(word.begin, word.end - word.begin);
  if (std::none_of(sensitive.begin(), sensitive.end(), [&](auto s) { return ends_with(name, s); }))
    return word.end;
  auto at = skip(text, word.end, "\\\"'"); // a JSON key's closing quote
  auto sign = skip(text, at, " \t");
  if (sign >= text.size() || (text[sign] != '=' && text[sign] != ':'))
    return word.end;
  // In `token= attempt=3` the value is empty; in `token = x` and `token: x` it is x.
  bool spaced = text[sign] == ':' || sign > at;
  auto begin = spaced ? skip(text, sign + 1, " \t") : sign + 1;
  auto value = value_at(text, begin, ends_with(name, "authorization"));
  if (value.end <= value.begin)
    return word.end;
  found.push_back(value);
  return value.end;
}

std::size_t mark_bearer(std::string_view text, range word, ranges& found) {
  auto begin = skip(text, word.end, blanks);
  if (begin == word.end || begin >= text.size())
    return word.end;
  auto end = until(text, begin, " \t\r\n\"'");
  if (end > begin)
    found.push_back({begin, end});
  return end;
}

void mark_names(std::string_view text, ranges& found) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() && is_word(text[end]))
      ++end;
    // Reading on after the value keeps this linear for a text that is nothing but such names.
    auto mark = equals(text.substr(at, end - at), "bearer") ? mark_bearer : mark_value;
    at = mark(text, {at, end}, found);
  }
}

void mark_urls(std::string_view text, ranges& found) {
  constexpr std::string_view sign = "://";
  for (auto at = text.find(sign); at != std::string_view::npos; at = text.find(sign, at + sign.size())) {
    auto begin = at + sign.size();
    auto authority = text.substr(begin, until(text, begin, "/?# \t\r\n\"'") - begin);
    if (auto user_end = authority.rfind('@'); user_end != std::string_view::npos && user_end > 0)
      found.push_back({begin, begin + user_end});
  }
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (is_word(c) || c == '.' || c == '~') {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += "0123456789ABCDEF"[byte >> 4U];
    out += "0123456789ABCDEF"[byte & 15U];
  }
  return out;
}

} // namespace

redactor::redactor(std::span<const std::string> secrets) {
  auto add = [this](std::string_view text) {
    if (text.size() < min_secret)
      return;
    needles_.emplace_back(text);
    std::string escaped;
    append_json_escaped(escaped, text);
    needles_.push_back(std::move(escaped));
    needles_.push_back(percent_encoded(text));
  };
  for (auto& secret : secrets) {
    add(secret);
    if (secret.find('\n') == std::string::npos)
      continue;
    for (std::size_t at = 0; at < secret.size();) {
      auto end = until(secret, at, "\r\n");
      auto line = std::string_view{secret}.substr(at, end - at);
      if (line.size() >= 16 && !line.starts_with("-----"))
        add(line);
      at = end + 1;
    }
  }
  std::sort(needles_.begin(), needles_.end());
  needles_.erase(std::unique(needles_.begin(), needles_.end()), needles_.end());
}

bool redactor::apply(std::string& text) const {
  // All are marked in the original text first: secrets may overlap, and replacing one would hide the other.
  ranges found;
  for (auto& needle : needles_)
    for (auto at = text.find(needle); at != std::string::npos; at = text.find(needle, at + 1))
      found.push_back({at, at + needle.size()});
  mark_names(text, found);
  mark_urls(text, found);
  if (found.empty())
    return false;
  std::sort(found.begin(), found.end(), [](range a, range b) { return a.begin < b.begin; });
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  for (std::size_t i = 0; i < found.size();) {
    auto [begin, end] = found[i];
    for (++i; i < found.size() && found[i].begin < end; ++i)
      end = std::max(end, found[i].end);
    out.append(text, done, begin - done);
    out += "***";
    done = end;
  }
  out.append(text, done);
  text = std::move(out);
  return true;
}

} // namespace tutti::runtime::telemetry
