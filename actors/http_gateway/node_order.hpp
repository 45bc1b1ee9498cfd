#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What gateways of a cluster say to each other, as payloads of questions to the service "gateway"
/// (runtime/entity/remote/router.hpp), in the encoding of runtime/wire.
namespace tutti::actors::http_gateway {

struct node_order {
  std::string what;     ///< report, actors, supervision, leave, return or flag
  std::string argument; ///< actors: the query string; flag: a changed_flag
};
template <class F>
void fields(F& f, node_order& x) {
  f("what", x.what)("argument", x.argument);
}

/// Answer to "report".
struct node_event {
  std::int64_t time_ms = 0;
  std::string what;
};
template <class F>
void fields(F& f, node_event& x) {
  f("time_ms", x.time_ms)("what", x.what);
}
struct node_report {
  std::map<std::string, std::uint64_t> entities; ///< live ones, by type
  std::vector<node_event> events;                ///< of its coordinator
  std::uint64_t running_jobs = 0;
};
template <class F>
void fields(F& f, node_report& x) {
  f("entities", x.entities)("events", x.events)("running_jobs", x.running_jobs);
}

/// Answer to "actors": rendered, with what they are ordered by. One more than the limit when there are more.
struct actor_row {
  std::uint64_t value = 0;
  std::string place;
  std::string json;
};
template <class F>
void fields(F& f, actor_row& x) {
  f("value", x.value)("place", x.place)("json", x.json);
}
struct actor_page {
  std::vector<actor_row> rows;
};
template <class F>
void fields(F& f, actor_page& x) {
  f("rows", x.rows);
}

/// Argument of "flag": somebody has made this version.
struct changed_flag {
  std::string name;
  std::uint64_t version = 0;
};
template <class F>
void fields(F& f, changed_flag& x) {
  f("name", x.name)("version", x.version);
}

} // namespace tutti::actors::http_gateway
