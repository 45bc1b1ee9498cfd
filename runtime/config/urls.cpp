#include "runtime/config/load.hpp"
#include "runtime/config/values.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

namespace tutti::runtime::config {
namespace {

struct url_parts {
  std::string_view scheme;
  std::string_view user_info; // without the '@'
  std::string_view hosts;     // host:port, several with commas
};

std::optional<url_parts> split(std::string_view url) noexcept {
  auto sign = url.find("://");
  if (sign == std::string_view::npos || sign == 0)
    return std::nullopt;
  url_parts result{url.substr(0, sign), {}, {}};
  auto rest = url.substr(sign + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    result.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  result.hosts = authority;
  return result;
}

bool valid_host_port(std::string_view text) {
  auto colon = text.rfind(':');
  auto bracket = text.rfind(']');
  bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  auto parsed = parse_endpoint(has_port ? std::string{text} : std::string{text} + ":1");
  return parsed && parsed->port != 0;
}

struct url_rule {
  std::initializer_list<std::string_view> schemes;
  bool user_allowed = false;
  bool libpq = false; // several hosts, or none (a Unix socket)
};

std::string check_url(const std::string& text, const url_rule& rule) {
  auto like = fmt::format("must be a URL like {}://host…", *rule.schemes.begin());
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7F; }))
    return "is not a URL: it contains white space or control characters";
  auto parts = split(text);
  if (!parts)
    return like;
  if (std::find(rule.schemes.begin(), rule.schemes.end(), parts->scheme) == rule.schemes.end())
    return fmt::format("has the wrong scheme; must begin with {}", fmt::join(rule.schemes, ":// or "))
           + "://";
  if (!parts->user_info.empty() && !rule.user_allowed)
    return "must not contain user information";
  if (rule.libpq && parts->hosts.empty())
    return "";
  auto hosts = parts->hosts;
  for (;;) {
    auto comma = rule.libpq ? hosts.find(',') : std::string_view::npos;
    if (!valid_host_port(hosts.substr(0, comma)))
      return "has no valid host and port (a password with any of /?#@ must be percent-encoded)";
    if (comma == std::string_view::npos)
      return "";
    hosts.remove_prefix(comma + 1);
  }
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()
        && std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

constexpr unsigned json_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

std::string check_lavalink_node(const rapidjson::Value& node) {
  if (!node.IsObject())
    return "must be an object {id, url, password?, sessionId?}";
  for (auto& member : node.GetObject()) {
    std::string_view name{member.name.GetString(), member.name.GetStringLength()};
    if (name != "id" && name != "url" && name != "password" && name != "sessionId")
      return "has an unknown field; known are id, url, password, sessionId";
    if (!member.value.IsString())
      return fmt::format("{} must be a string", name);
  }
  if (!node.HasMember("id") || node["id"].GetStringLength() == 0)
    return "has no id";
  if (!node.HasMember("url"))
    return "has no url";
  if (auto wrong = check_http_url(node["url"].GetString()); !wrong.empty())
    return "url " + wrong;
  return "";
}

} // namespace

std::string check_redis_url(const std::string& text) {
  return check_url(text, {{"redis", "rediss"}, true});
}
std::string check_postgres_url(const std::string& text) {
  return check_url(text, {{"postgres", "postgresql"}, true, true});
}
std::string check_http_url(const std::string& text) {
  return check_url(text, {{"https", "http"}});
}
std::string check_gateway_url(const std::string& text) {
  return check_url(text, {{"wss", "ws"}});
}

std::string check_any_url(const std::string& text) {
  auto parts = split(text);
  bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 0x7F; });
  if (!parts || !plain)
    return "must be a URL like https://host/callback";
  return parts->scheme == "http" || parts->scheme == "https" ? check_http_url(text) : "";
}

std::string without_password(std::string_view url) {
  auto parts = split(url);
  if (!parts || parts->user_info.empty())
    return std::string{url};
  std::string out{url};
  out.replace(static_cast<std::size_t>(parts->user_info.data() - url.data()), parts->user_info.size(), "***");
  return out;
}

void url_secrets(std::string_view url, std::vector<std::string>& out) {
  auto parts = split(url);
  if (!parts)
    return;
  auto colon = parts->user_info.find(':');
  if (colon == std::string_view::npos)
    return;
  auto password = parts->user_info.substr(colon + 1);
  if (password.empty())
    return;
  out.emplace_back(password);
  if (auto decoded = percent_decoded(password); decoded != password)
    out.push_back(std::move(decoded));
}

std::string check_lavalink_nodes(const std::string& text) {
  rapidjson::Document json;
  json.Parse<json_flags>(text.data(), text.size());
  if (json.HasParseError())
    return fmt::format("is not JSON: {} at character {}", rapidjson::GetParseError_En(json.GetParseError()),
                       json.GetErrorOffset() + 1);
  if (!json.IsArray())
    return "must be a JSON array of {id, url, password?, sessionId?}";
  std::vector<std::string> ids;
  for (rapidjson::SizeType i = 0; i < json.Size(); ++i) {
    if (auto wrong = check_lavalink_node(json[i]); !wrong.empty())
      return fmt::format("[{}] {}", i, wrong);
    ids.emplace_back(json[i]["id"].GetString());
  }
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) == ids.end() ? "" : "has an id twice";
}

void lavalink_secrets(std::string_view text, std::vector<std::string>& out) {
  rapidjson::Document json;
  json.Parse<json_flags>(text.data(), text.size());
  if (json.HasParseError() || !json.IsArray())
    return;
  for (auto& node : json.GetArray()) {
    if (!node.IsObject())
      continue;
    for (auto* name : {"password", "sessionId"})
      if (auto found = node.FindMember(name);
          found != node.MemberEnd() && found->value.IsString() && found->value.GetStringLength() > 0)
        out.emplace_back(found->value.GetString(), found->value.GetStringLength());
  }
}

} // namespace tutti::runtime::config
