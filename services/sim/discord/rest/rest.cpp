#include "services/sim/discord/rest/rest.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

constexpr std::string_view api_prefix = "/api/v10";
constexpr std::size_t max_logged_body = 64 * 1024;

/// What stands at the pattern's `{}`; nothing: the path is another.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              const std::vector<std::string>& path) {
  std::vector<std::string> values;
  std::size_t index = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1); // the slash
    auto part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(part.size());
    if (index == path.size())
      return std::nullopt;
    if (part == "{}")
      values.push_back(path[index]);
    else if (part != path[index])
      return std::nullopt;
    ++index;
  }
  return index == path.size() ? std::optional{std::move(values)} : std::nullopt;
}

/// Top-level parameters have buckets of their own: channel, guild, webhook with its token.
std::string major_of(const rest_route& to, const rest_call& one) {
  if (to.pattern.starts_with("/webhooks") || to.pattern.starts_with("/interactions"))
    return one.values[0] + "/" + one.values[1];
  return one.values.empty() ? std::string{} : one.values[0];
}

std::string seconds_text(std::chrono::nanoseconds time) {
  char out[40];
  std::snprintf(out, sizeof out, "%.3f", std::chrono::duration<double>(time).count() + 0.0005);
  return out;
}

bool takes_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

} // namespace

void rest::handle(const http_request& request, const http_responder& answer) {
  auto out = respond(request);
  if (out.status == 401 || out.status == 403 || out.status == 429) {
    auto shared = false;
    for (auto& [name, value] : out.headers)
      shared |= name == "X-RateLimit-Scope" && value == "shared";
    if (!shared)
      invalid_.count(request.peer, parts_.all.loop.now());
  }
  ++statuses_[out.drop ? 0 : out.status];
  json::object fields{
      {"method", request.method}, {"path", request.path}, {"query", request.query}, {"status", out.status}};
  if (!request.body.empty() && request.body.size() <= max_logged_body)
    fields.emplace_back("body", json::parse(request.body).value_or(json{"not JSON"}));
  parts_.all.note("rest", fields);
  if (faults_.slow.count() == 0)
    return answer(std::move(out));
  parts_.all.loop.after(faults_.slow, [answer, out = std::move(out)] { answer(out); });
}

http_response rest::respond(const http_request& request) {
  if (auto ban = invalid_.banned(request.peer, parts_.all.loop.now())) {
    parts_.all.breach("banned", json::object{{"path", request.path}});
    auto out = edge_page(429);
    out.headers.emplace_back("Retry-After",
                             std::to_string(std::chrono::ceil<std::chrono::seconds>(*ban).count()));
    return out;
  }
  if (auto faulty = faults_.answer(request, parts_.all.loop.now()))
    return *std::move(faulty);
  std::string_view path = request.path;
  if (!path.starts_with("/api/"))
    return edge_page(404);
  if (!path.starts_with(api_prefix) || (path.size() > api_prefix.size() && path[api_prefix.size()] != '/'))
    return rest_error(400, 50041, "Invalid API version");
  auto agent = request.header("user-agent");
  if (!agent.starts_with("DiscordBot (")) {
    parts_.all.breach("user_agent", json::object{{"userAgent", agent}});
    return rest_error(403, 40333, "internal network error");
  }
  return route(request, path.substr(api_prefix.size()));
}

http_response rest::route(const http_request& request, std::string_view path) {
  static const std::array lists{&bot_routes(), &channel_routes(), &command_routes(), &interaction_routes()};
  http_request plain;
  plain.path = path;
  auto parts = plain.segments();
  auto other_method = false;
  for (auto* list : lists)
    for (auto& one : *list) {
      auto values = match(one.pattern, parts);
      if (!values)
        continue;
      if (one.method != request.method) {
        other_method = true;
        continue;
      }
      rest_call made{request, *std::move(values), {}, nullptr};
      return call(one, made);
    }
  if (other_method)
    return rest_error(405, 0, "405: Method Not Allowed");
  parts_.all.breach("unknown_route", json::object{{"method", request.method}, {"path", request.path}});
  return rest_error(404, 0, "404: Not Found");
}

bool rest::limited(const rest_route& to, const rest_call& one, http_response& out) {
  auto now = parts_.all.loop.now();
  auto taken = limits_.take(to.bucket, one.who ? one.who->token : std::string{}, major_of(to, one), now);
  if (!taken.allowed) {
    auto scope = taken.global ? "global" : "user";
    parts_.all.breach(taken.global ? "rate_limit_global" : "rate_limit_user",
                      json::object{{"method", to.method}, {"path", one.request.path}});
    out = too_many_requests(std::chrono::duration<double>(taken.reset_after).count(), scope);
    if (taken.global)
      return true;
  }
  auto wall = std::chrono::system_clock::now().time_since_epoch() + taken.reset_after;
  out.headers.emplace_back("X-RateLimit-Limit", std::to_string(taken.limit));
  out.headers.emplace_back("X-RateLimit-Remaining", std::to_string(taken.remaining));
  out.headers.emplace_back("X-RateLimit-Reset", seconds_text(wall));
  out.headers.emplace_back("X-RateLimit-Reset-After", seconds_text(taken.reset_after));
  out.headers.emplace_back("X-RateLimit-Bucket", taken.bucket);
  return !taken.allowed;
}

http_response rest::call(const rest_route& to, rest_call& one) {
  auto& request = one.request;
  if (to.authorized) {
    auto field = request.header("authorization");
    if (field.starts_with("Bot "))
      one.who = parts_.all.bot_of_token(field.substr(4));
    if (!one.who) {
      parts_.all.breach("rest_token", json::object{{"path", request.path}});
      return rest_error(401, 50014, "Invalid authentication token");
    }
  }
  http_response limits;
  if (limited(to, one, limits))
    return limits;
  auto finish = [&](http_response out) {
    out.headers.insert(out.headers.end(), limits.headers.begin(), limits.headers.end());
    out.headers.emplace_back("Via", "1.1 google");
    if (out.status == 400)
      parts_.all.breach("bad_request", json::object{{"path", request.path},
                                                    {"answer", json::parse(out.body).value_or(json{})}});
    return out;
  };
  if (takes_body(request.method) && !request.body.empty()) {
    if (!request.header("content-type").starts_with("application/json"))
      return finish(
          rest_error(400, 50035, "Expected \"Content-Type\" header to be one of {'application/json'}."));
    auto body = json::parse(request.body);
    if (!body)
      return finish(rest_error(400, 50109, "The request body contains invalid JSON."));
    one.body = *std::move(body);
  }
  return finish(to.handler(parts_, one));
}

void rest::summarise(json& out) const {
  json::object statuses;
  std::uint64_t all = 0;
  for (auto& [status, count] : statuses_) {
    statuses.emplace_back(std::to_string(status), count);
    all += count;
  }
  out.set("requests", all);
  out.set("statuses", std::move(statuses));
}

} // namespace tutti::services::sim::discord
