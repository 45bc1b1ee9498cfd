#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/observe/event_stream.hpp"
#include "actors/http_gateway/observe/index_page.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>
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

double in_ms(std::chrono::nanoseconds t) {
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
    if (child.supervisor || all.count(path + "/" + child.name) != 0) {
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
        .member("meanMs", in_ms(now.sum) / static_cast<double>(now.count))
        .member("p50Ms", in_ms(now.quantile(0.5)))
        .member("p90Ms", in_ms(now.quantile(0.9)))
        .member("p99Ms", in_ms(now.quantile(0.99)))
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
  auto flags = parts_.flag_cache->read_statistics();
  out.key("caches").begin_array();
  out.begin_object()
      .member("name", "flags")
      .member("entries", flags.entries)
      .member("hits", flags.hits)
      .member("misses", flags.misses)
      .member("stale", flags.stale)
      .end_object();
  out.end_array().end_object();
  r.reply(json(200, std::move(body)));
}

namespace {

/// The parameters of GET /actors.
struct actor_query {
  std::size_t limit = 50;
  std::optional<std::uint64_t (*)(const actor_view&)> by;
  std::optional<actor_cursor> after;
  std::optional<std::string> node, type;
};

http_api::result<actor_query> read_actor_query(const http_api::target& where) {
  if (auto unknown = where.unknown_parameter({"type", "node", "sort", "limit", "cursor"}))
    return std::move(*unknown);
  actor_query out;
  auto limit = where.limit();
  if (auto* bad = std::get_if<http_api::problem>(&limit))
    return std::move(*bad);
  out.limit = std::get<std::size_t>(limit);
  auto sort = where.find("sort").value_or("path");
  out.by = sort_key(sort);
  if (!out.by && sort != "path")
    return http_api::unprocessable("sort must be one of path, messages, mailbox, busy, restarts");
  if (auto cursor = where.find("cursor")) {
    out.after = parse_cursor(*cursor);
    if (!out.after)
      return http_api::unprocessable("cursor must be a nextCursor of this list");
  }
  if (auto node = where.find("node"))
    out.node = std::string{*node};
  if (auto type = where.find("type"))
    out.type = std::string{*type};
  return out;
}

bool row_before(const actor_row& a, const actor_row& b) {
  return a.value != b.value ? a.value > b.value : a.place < b.place;
}

void write_nodes(json_writer& out, const std::map<std::string, std::optional<std::string>>& answers) {
  bool complete = true;
  out.key("nodes").begin_array();
  for (auto& [node, text] : answers) {
    complete = complete && text;
    out.begin_object().member("name", node).member("status", text ? "up" : "unreachable").end_object();
  }
  out.end_array().member("complete", complete);
}

} // namespace

void gateway_actor::actors(http_request& r, const target& where) {
  auto query = read_actor_query(where);
  if (auto* bad = std::get_if<http_api::problem>(&query))
    return r.reply(answer(std::move(*bad), r.target));
  auto question = r.target.find('?');
  node_order order{"actors", question == std::string::npos ? std::string{} : r.target.substr(question)};
  auto reply = std::make_shared<responder>(std::move(r.reply));
  ask_nodes(order, [reply, limit = std::get<actor_query>(query).limit](const node_answers& answers) {
    std::vector<actor_row> rows;
    for (auto& [node, text] : answers)
      if (auto page = text ? runtime::wire::decode<actor_page>(*text) : std::nullopt)
        std::move(page->rows.begin(), page->rows.end(), std::back_inserter(rows));
    auto count = std::min(rows.size(), limit);
    std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end(),
                      row_before);
    std::string body;
    json_writer out{body};
    out.begin_object().key("items").begin_array();
    for (std::size_t i = 0; i < count; ++i)
      out.raw(rows[i].json);
    out.end_array().key("nextCursor");
    if (count < rows.size() && count > 0)
      out.string(render_cursor(rows[count - 1].value, rows[count - 1].place));
    else
      out.null();
    write_nodes(out, answers);
    out.end_object();
    (*reply)(json(200, std::move(body)));
  });
}

/// This node's part of GET /actors; `query` has been checked where it came in.
std::string gateway_actor::actor_rows(std::string_view query) const {
  actor_page page;
  auto where = http_api::parse_target("/actors" + std::string{query});
  auto read = std::holds_alternative<target>(where) ? read_actor_query(std::get<target>(where))
                                                    : http_api::result<actor_query>{http_api::malformed("")};
  if (auto* q = std::get_if<actor_query>(&read); q != nullptr && (!q->node || *q->node == table().node())) {
    auto value = [&](const actor_view& a) { return q->by ? (*q->by)(a) : 0; };
    auto found = table().actors([&](const actor_view& a) {
      if (q->type && a.type != *q->type)
        return false;
      return !q->after || value(a) < q->after->value
             || (value(a) == q->after->value && place_of(a) > q->after->place);
    });
    auto count = std::min(found.size(), q->limit + 1);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                      [&](const actor_view& a, const actor_view& b) {
                        return value(a) != value(b) ? value(a) > value(b) : place_of(a) < place_of(b);
                      });
    for (std::size_t i = 0; i < count; ++i) {
      std::string json;
      json_writer out{json};
      write_actor(out, found[i], table().node());
      page.rows.push_back({value(found[i]), place_of(found[i]), std::move(json)});
    }
  }
  return runtime::wire::encode(page);
}

void gateway_actor::supervision(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto reply = std::make_shared<responder>(std::move(r.reply));
  ask_nodes({"supervision", {}}, [reply](const node_answers& answers) {
    std::string body;
    json_writer out{body};
    bool complete = true;
    out.begin_object().key("nodes").begin_array();
    for (auto& [node, text] : answers) {
      complete = complete && text;
      out.begin_object().member("name", node).member("status", text ? "up" : "unreachable").key("tree");
      if (text)
        out.raw(*text);
      else
        out.null();
      out.end_object();
    }
    out.end_array().member("complete", complete).end_object();
    (*reply)(json(200, std::move(body)));
  });
}

std::string gateway_actor::supervision_tree() const {
  reports all;
  for (auto& report : table().supervisors())
    all.emplace(report.path, std::move(report));
  std::string body;
  json_writer out{body};
  write_supervisor(out, all, "/" + table().node(), table().node());
  return body;
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
