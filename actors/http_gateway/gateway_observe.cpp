#include "actors/http_gateway/event_stream.hpp"
#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/index_page.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>
#include <variant>

#include <sys/resource.h>

// The routes that show what the node does.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using http_api::json_writer;
using runtime::actor::actor_view;

struct memory_use {
  std::int64_t resident = 0;  ///< bytes
  std::int64_t anonymous = 0; ///< bytes of it that no file backs
};

memory_use read_memory() {
  memory_use out;
  if (auto* file = std::fopen("/proc/self/status", "re")) {
    char line[128];
    while (std::fgets(line, sizeof line, file)) {
      long kilobytes = 0;
      if (std::sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
        out.resident = std::int64_t{kilobytes} * 1024;
      else if (std::sscanf(line, "RssAnon: %ld", &kilobytes) == 1)
        out.anonymous = std::int64_t{kilobytes} * 1024;
    }
    std::fclose(file);
  }
  return out;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double milliseconds(std::chrono::nanoseconds t) {
  return static_cast<double>(t.count()) / 1e6;
}

/// What actors are sorted by, greatest first; nothing for the order of paths.
std::optional<std::uint64_t (*)(const actor_view&)> sort_key(std::string_view name) {
  if (name == "messages")
    return +[](const actor_view& a) { return a.messages; };
  if (name == "mailbox")
    return +[](const actor_view& a) { return a.mailbox; };
  if (name == "busy")
    return +[](const actor_view& a) { return a.busy_ns; };
  if (name == "restarts")
    return +[](const actor_view& a) { return a.restarts; };
  return std::nullopt;
}

/// Of the last one shown: "<sort value>:<path#id as hexadecimal digits>", as keys of entities may hold any
/// character, and clients put cursors into targets as they are.
struct actor_cursor {
  std::uint64_t value = 0;
  std::string place;
};

std::string render_cursor(std::uint64_t value, std::string_view place) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto out = std::to_string(value) + ":";
  for (unsigned char c : place) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out;
}

std::optional<actor_cursor> parse_cursor(std::string_view text) {
  actor_cursor out;
  auto last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, out.value);
  if (error != std::errc{} || end == last || *end != ':')
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  if (text.empty() || text.size() % 2 != 0)
    return std::nullopt;
  for (; !text.empty(); text.remove_prefix(2)) {
    unsigned char c = 0;
    auto [stop, wrong] = std::from_chars(text.data(), text.data() + 2, c, 16);
    if (wrong != std::errc{} || stop != text.data() + 2)
      return std::nullopt;
    out.place += static_cast<char>(c);
  }
  return out;
}

std::string place_of(const actor_view& a) {
  return a.path + "#" + std::to_string(a.id);
}

void write_actor(json_writer& out, const actor_view& a, const std::string& node) {
  out.begin_object()
      .member("path", a.path)
      .member("type", a.type)
      .member("node", node)
      .member("id", std::to_string(a.id))
      .member("messages", a.messages)
      .member("mailbox", a.mailbox)
      .member("rejected", a.rejected)
      .member("busySeconds", static_cast<double>(a.busy_ns) / 1e9)
      .member("restarts", a.restarts);
  auto started = std::chrono::duration_cast<std::chrono::milliseconds>(a.started.time_since_epoch()).count();
  out.member("startedAt", http_api::format_rfc3339(started)).key("lastError");
  if (a.last_error.empty())
    out.null();
  else
    out.string(a.last_error);
  out.end_object();
}

using reports = std::map<std::string, runtime::actor::supervisor_report>;

void write_supervisor(json_writer& out, const reports& all, const std::string& path,
                      const std::string& name) {
  out.begin_object().member("name", name).member("path", path);
  auto i = all.find(path);
  if (i == all.end()) {
    out.member("state", "starting").end_object();
    return;
  }
  auto& report = i->second;
  out.member("strategy", report.strategy)
      .member("maxRestarts", report.max_restarts)
      .member("windowMs", report.window.count())
      .member("restartsInWindow", report.restarts);
  out.key("children").begin_array();
  for (auto& child : report.children) {
    if (child.supervisor) {
      write_supervisor(out, all, path + "/" + child.name, child.name);
      continue;
    }
    out.begin_object()
        .member("name", child.name)
        .member("path", path + "/" + child.name)
        .member("restart", child.restart)
        .member("state", child.state)
        .member("restarts", child.restarts)
        .key("lastError");
    if (child.last_error.empty())
      out.null();
    else
      out.string(child.last_error);
    out.end_object();
  }
  out.end_array().end_object();
}

} // namespace

void gateway_actor::index(http_request& r) {
  http_response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = index_page(table().node());
  out.headers = "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
                "X-Content-Type-Options: nosniff\r\n";
  r.reply(std::move(out));
}

void gateway_actor::metrics_page(http_request& r) {
  http_response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = parts_.metrics->render();
  r.reply(std::move(out));
}

void gateway_actor::performance(http_request& r) {
  std::string body;
  json_writer out{body};
  auto uptime = parts_.health->uptime().count();
  auto cpu = cpu_seconds();
  auto memory = read_memory();
  out.begin_object().member("node", table().node()).member("uptimeSeconds", uptime);
  out.key("memory")
      .begin_object()
      .member("residentBytes", memory.resident)
      .member("anonymousBytes", memory.anonymous)
      .end_object();
  out.key("cpu").begin_object().member("seconds", cpu);
  out.member("share", uptime > 0 ? cpu / static_cast<double>(uptime) : 0.0).end_object();
  out.key("latencies").begin_array(); // since the start
  parts_.metrics->each_latency([&](const std::string& name, const runtime::telemetry::label_set& labels,
                                   const runtime::telemetry::latency_histogram& histogram) {
    auto now = histogram.read();
    if (now.count == 0)
      return;
    out.begin_object().member("name", name).key("labels").begin_object();
    for (auto& [label, value] : labels)
      out.member(label, value);
    out.end_object()
        .member("count", now.count)
        .member("perSecond", uptime > 0 ? static_cast<double>(now.count) / static_cast<double>(uptime) : 0.0)
        .member("meanMs", milliseconds(now.sum) / static_cast<double>(now.count))
        .member("p50Ms", milliseconds(now.quantile(0.5)))
        .member("p90Ms", milliseconds(now.quantile(0.9)))
        .member("p99Ms", milliseconds(now.quantile(0.99)))
        .end_object();
  });
  out.end_array().key("mailboxes").begin_array();
  std::uint64_t waiting = 0;
  for (auto& type : table().totals()) {
    waiting += type.mailbox;
    out.begin_object()
        .member("type", type.name)
        .member("actors", type.live)
        .member("messages", type.messages)
        .member("mailbox", type.mailbox)
        .member("rejected", type.rejected)
        .member("busySeconds", static_cast<double>(type.busy_ns) / 1e9)
        .end_object();
  }
  out.end_array().member("mailboxTotal", waiting);
  out.key("caches").begin_array().end_array().end_object();
  r.reply(json(200, std::move(body)));
}

void gateway_actor::actors(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({"type", "node", "sort", "limit", "cursor"}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto limit = where.limit();
  if (auto* bad = std::get_if<http_api::problem>(&limit))
    return r.reply(answer(std::move(*bad), r.target));
  auto sort = where.find("sort").value_or("path");
  auto by = sort_key(sort);
  if (!by && sort != "path")
    return r.reply(answer(
        http_api::unprocessable("sort must be one of path, messages, mailbox, busy, restarts"), r.target));
  std::optional<actor_cursor> after;
  if (auto cursor = where.find("cursor")) {
    after = parse_cursor(*cursor);
    if (!after)
      return r.reply(answer(http_api::unprocessable("cursor must be a nextCursor of this list"), r.target));
  }
  auto value = [&](const actor_view& a) { return by ? (*by)(a) : 0; };
  auto before = [&](const actor_view& a, const actor_view& b) {
    if (value(a) != value(b))
      return value(a) > value(b);
    return place_of(a) < place_of(b);
  };
  auto node = where.find("node");
  auto type = where.find("type");
  std::vector<actor_view> found;
  if (!node || *node == table().node())
    found = table().actors([&](const actor_view& a) {
      if (type && a.type != *type)
        return false;
      if (!after)
        return true;
      return value(a) < after->value || (value(a) == after->value && place_of(a) > after->place);
    });
  auto count = std::min(found.size(), std::get<std::size_t>(limit));
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(), before);
  std::string body;
  json_writer out{body};
  out.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < count; ++i)
    write_actor(out, found[i], table().node());
  out.end_array().key("nextCursor");
  if (count < found.size() && count > 0)
    out.string(render_cursor(value(found[count - 1]), place_of(found[count - 1])));
  else
    out.null();
  out.member("complete", true).key("nodes").begin_array();
  out.begin_object().member("name", table().node()).member("status", "up").end_object();
  out.end_array().end_object();
  r.reply(json(200, std::move(body)));
}

void gateway_actor::supervision(http_request& r) {
  reports all;
  for (auto& report : table().supervisors())
    all.emplace(report.path, std::move(report));
  std::string body;
  json_writer out{body};
  out.begin_object().key("nodes").begin_array();
  out.begin_object().member("name", table().node()).member("status", "up").key("tree");
  write_supervisor(out, all, "/" + table().node(), table().node());
  out.end_object().end_array().member("complete", true).end_object();
  r.reply(json(200, std::move(body)));
}

void gateway_actor::events(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({"topic", "subject"}))
    return r.reply(answer(std::move(*unknown), r.target));
  event_filter filter;
  filter.subject = std::string{where.find("subject").value_or("")};
  if (auto topic = where.find("topic")) {
    filter.topic = *topic;
    if (!is_topic(*topic))
      return r.reply(
          answer(http_api::unprocessable("topic must be one of job, actor, member, player, node"), r.target));
  }
  std::optional<std::uint64_t> after;
  if (auto last = r.find("last-event-id")) {
    std::uint64_t seq = 0;
    auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), seq);
    if (error != std::errc{} || end != last->data() + last->size())
      return r.reply(answer(
          http_api::unprocessable("Last-Event-ID must be the id of an event of this stream"), r.target));
    after = seq;
  }
  http_response out;
  out.content_type = "text/event-stream";
  out.feed = make_event_stream(*parts_.events, std::move(filter), after);
  r.reply(std::move(out));
}

} // namespace tutti::actors::http_gateway
