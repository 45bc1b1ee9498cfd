#include "services/sim/base/http_message.hpp"

#include <algorithm>
#include <cctype>

namespace tutti::services::sim {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

} // namespace

std::string_view http_request::header(std::string_view name) const noexcept {
  for (auto& [key, value] : headers)
    if (same_name(key, name))
      return value;
  return {};
}

std::string http_request::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    auto one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    auto equals = one.find('=');
    if (one.substr(0, equals) == name)
      return equals == one.npos ? std::string{} : percent_decoded(one.substr(equals + 1));
  }
  return {};
}

std::vector<std::string> http_request::segments() const {
  std::vector<std::string> out;
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1); // the slash
    auto one = rest.substr(0, rest.find('/'));
    out.push_back(percent_decoded(one));
    rest.remove_prefix(one.size());
  }
  return out;
}

http_response json_response(int status, const json& body) {
  http_response out;
  out.status = status;
  out.body = body.dump();
  return out;
}

} // namespace tutti::services::sim
