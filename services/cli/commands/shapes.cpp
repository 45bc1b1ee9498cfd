#include "services/cli/commands/shapes.hpp"

#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {
namespace {

constexpr std::size_t all_roles = 6;

std::string supervisor_text(const json& at) {
  return at["strategy"].text() + ", " + std::to_string(at["restartsInWindow"].count()) + " of "
         + std::to_string(at["maxRestarts"].count()) + " restarts in "
         + duration_text(std::chrono::milliseconds{at["windowMs"].integer()});
}

void draw(std::string& out, const json& at, const std::string& prefix, const screen& on) {
  auto children = at["children"].items();
  for (std::size_t i = 0; i < children.size(); ++i) {
    auto& child = children[i];
    bool last = i + 1 == children.size();
    out += prefix + (last ? "└─ " : "├─ ") + tinted(clean(child["name"].text()), tint::bold, on) + "  ";
    if (child["children"].is_array()) {
      out += tinted(clean(supervisor_text(child)), tint::dim, on) + "\n";
      draw(out, child, prefix + (last ? "   " : "│  "), on);
      continue;
    }
    auto state = status_cell(child["state"].text());
    out += tinted(clean(state.text), state.colour, on);
    if (!child["restart"].is_null())
      out += clean(", " + child["restart"].text() + ", " + counted(child["restarts"].count(), "restart"));
    if (auto error = child["lastError"].text(); !error.empty())
      out += tinted(clean(", last error: " + error), tint::red, on);
    out += '\n';
  }
}

} // namespace

cell status_cell(const std::string& status) {
  if (status == "succeeded" || status == "healthy" || status == "running" || status == "up")
    return {status, tint::green};
  if (status == "dead" || status == "unhealthy" || status == "failed" || status == "lost" || status == "down")
    return {status, tint::red};
  if (status == "retrying" || status == "degraded" || status == "paused" || status == "restarting"
      || status == "joining" || status == "leaving")
    return {status, tint::yellow};
  if (status == "cancelled")
    return {status, tint::dim};
  return {status, tint::none};
}

std::string time_text(const json& time) {
  auto text = time.text();
  if (text.size() < 19)
    return text;
  text.resize(19);
  text[10] = ' ';
  return text;
}

std::string took_text(const json& job) {
  auto from = protocols::http_api::parse_rfc3339(job["startedAt"].text());
  auto to = protocols::http_api::parse_rfc3339(job["finishedAt"].text());
  return from && to && *to >= *from ? duration_text(std::chrono::milliseconds{*to - *from}) : "";
}

std::string error_text(const json& error) {
  auto kind = error["kind"].text(), message = error["message"].text();
  return kind.empty() || message.empty() ? kind + message : kind + ": " + message;
}

void print_json(context& on, std::string_view text) {
  on.to.raw(clean_json(text) + "\n");
}

void append_members(std::string& out, const job_fields& job) {
  auto name = [&](std::string_view key) {
    out += ',';
    protocols::http_api::append_json_string(out, key);
    out += ':';
  };
  auto text = [&](std::string_view key, const std::string& value) {
    if (value.empty())
      return;
    name(key);
    protocols::http_api::append_json_string(out, value);
  };
  auto number = [&](std::string_view key, std::optional<std::int64_t> value) {
    if (!value)
      return;
    name(key);
    out += std::to_string(*value);
  };
  if (!job.payload.empty()) {
    name("payload");
    out += job.payload;
  }
  text("key", job.key);
  text("idempotencyKey", job.idempotency_key);
  text("queue", job.queue);
  text("priority", job.priority);
  number("delayMs", job.delay_ms);
  number("maxAttempts", job.max_attempts);
  number("timeoutMs", job.timeout_ms);
}

std::string submission_body(const job_fields& job) {
  std::string out = "{\"type\":";
  protocols::http_api::append_json_string(out, job.type);
  append_members(out, job);
  return out + "}";
}

std::string members_table(const json& clusters, const screen& on) {
  table members{{{"NODE"},
                 {"STATE"},
                 {"ADDRESS", false, 0, 2},
                 {"HTTP", false, 0, 1},
                 {"ROLES", false, 5, 3},
                 {"PARTITIONS", true},
                 {"SINCE (UTC)", false, 0, 4},
                 {"WHY", false, 8}}};
  for (auto& member : clusters["members"].items()) {
    auto state = status_cell(member["state"].text());
    if (state.text == "up" && !member["reachable"].flag())
      state = {"up, unreachable", tint::yellow};
    auto roles = member["roles"].items();
    std::string names;
    for (auto& role : roles)
      names += (names.empty() ? "" : " ") + role.text();
    members.add({member["name"].text(), state, member["address"].text(), member["http"].text(),
                 roles.size() == all_roles ? "all" : names, grouped(member["partitions"].count()),
                 time_text(member["since"]), member["why"].text()});
  }
  return members.render(on);
}

std::string supervision_tree(const json& tree, const screen& on) {
  auto out = tinted(clean(tree["name"].text()), tint::bold, on) + "  "
             + tinted(clean(supervisor_text(tree)), tint::dim, on) + "\n";
  draw(out, tree, "", on);
  return out;
}

} // namespace tutti::services::cli
