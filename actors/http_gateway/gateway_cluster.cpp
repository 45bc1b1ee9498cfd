#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/error.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <utility>
#include <variant>

// The routes that show and steer the cluster.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
namespace cluster = runtime::cluster;
using http_api::json_writer;
using std::chrono::milliseconds;
using std::chrono::system_clock;

std::string rfc3339(system_clock::time_point t) {
  return http_api::format_rfc3339(std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count());
}

void write_member(json_writer& out, const cluster::member& m, std::size_t partitions) {
  out.begin_object()
      .member("name", m.info.name)
      .member("address", m.info.host + ":" + std::to_string(m.info.port))
      .member("http", m.info.http)
      .key("roles")
      .begin_array();
  for (auto& role : m.info.roles)
    out.string(role);
  out.end_array()
      .member("state", cluster::to_string(m.state))
      .member("since", rfc3339(m.since))
      .member("why", m.why)
      .member("reachable", m.reachable)
      .member("incarnation", std::to_string(m.info.incarnation))
      .member("version", m.info.version)
      .member("partitions", partitions)
      .end_object();
}

std::uint64_t live_entities(const node_report& report) {
  std::uint64_t out = 0;
  for (auto& [type, count] : report.entities)
    out += count;
  return out;
}

/// Of a node that was to do something: not done 503, outcome unknown 504.
http_response silent_node(const caf::error& reason, const std::string& name, std::string_view target) {
  if (runtime::is(reason, runtime::ec::unavailable))
    return problem_answer(503, name + " cannot be reached: " + runtime::words(reason), target);
  return problem_answer(504, name + " did not answer; it may do it yet: " + runtime::words(reason), target);
}

struct told_event {
  std::int64_t time_ms;
  std::string node, what;
};

void write_events(json_writer& out, std::vector<told_event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const told_event& a, const told_event& b) { return a.time_ms < b.time_ms; });
  out.key("events").begin_array();
  for (auto& e : events)
    out.begin_object()
        .member("time", http_api::format_rfc3339(e.time_ms))
        .member("node", e.node)
        .member("what", e.what)
        .end_object();
  out.end_array();
}

} // namespace

void gateway_actor::join_cluster() {
  auto& c = parts_.cluster;
  if (c.router)
    send(c.router, runtime::entity::serve_node{node_service, this});
  if (c.membership) {
    send(c.membership, cluster::subscribe_members{});
    return;
  }
  if (api_->serving())
    parts_.health->set_ready(true);
}

void gateway_actor::members_changed(cluster::members_changed& news) {
  members_ = std::move(news.members);
  using enum cluster::member_state;
  for (auto state : {joining, up, leaving, down}) {
    auto count = std::count_if(members_.begin(), members_.end(), [&](auto& m) { return m.state == state; });
    parts_.metrics
        ->add_gauge("tutti_cluster_members", "Members as this node sees them",
                    {{"state", std::string{to_string(state)}}})
        .set(static_cast<double>(count));
  }
  auto& me = parts_.cluster.self;
  bool is_up = std::any_of(members_.begin(), members_.end(),
                           [&](auto& m) { return m.info.holder() == me.holder() && m.state == up; });
  parts_.health->set_ready(is_up && api_->serving());
}

void gateway_actor::clusters(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto reply = std::make_shared<responder>(std::move(r.reply));
  auto render = [this, reply](const cluster::cluster_view& view, const node_answers& answers) {
    std::map<std::string, std::uint64_t> entities;
    std::vector<told_event> events;
    bool complete = view.store_error.empty();
    for (auto& [node, text] : answers) {
      auto said = text ? runtime::wire::decode<node_report>(*text) : std::nullopt;
      complete = complete && said;
      if (!said)
        continue;
      for (auto& [type, count] : said->entities)
        entities[type] += count;
      for (auto& e : said->events)
        events.push_back({e.time_ms, node, e.what});
    }
    auto& c = parts_.cluster;
    std::string body;
    json_writer out{body};
    out.begin_object().member("name", c.name).key("coordinator");
    if (view.coordinator.empty())
      out.null();
    else
      out.string(view.coordinator);
    out.member("epoch", view.epoch).member("partitions", c.partitions).key("members").begin_array();
    auto shown = members_;
    if (!c.membership)
      shown.push_back({c.self, cluster::member_state::up, true, began_, "it is alone"});
    for (auto& m : shown) {
      auto owned = view.partitions.find(m.info.name);
      write_member(out, m, owned == view.partitions.end() ? 0 : owned->second);
    }
    out.end_array().key("partitionsPerMember").begin_object();
    for (auto& [node, count] : view.partitions)
      out.member(node, count);
    out.end_object().key("shards").begin_array().end_array().key("entities").begin_object();
    for (auto& [type, count] : entities)
      out.member(type, count);
    out.end_object();
    write_events(out, std::move(events));
    out.member("complete", complete).key("nodes").begin_array();
    for (auto& [node, text] : answers)
      out.begin_object().member("name", node).member("status", text ? "up" : "unreachable").end_object();
    out.end_array().end_object();
    (*reply)(json(200, std::move(body)));
  };
  struct gathering {
    std::optional<cluster::cluster_view> view;
    std::optional<node_answers> answers;
  };
  auto g = std::make_shared<gathering>();
  auto one_more = [g, render] {
    if (g->view && g->answers)
      render(*g->view, *g->answers);
  };
  ask_nodes({"report", {}}, [g, one_more](const node_answers& answers) {
    g->answers = answers;
    one_more();
  });
  if (!parts_.cluster.coordinator) {
    auto& alone = g->view.emplace();
    alone.coordinator = table().node();
    alone.partitions[table().node()] = parts_.cluster.partitions;
    return one_more();
  }
  this->request(parts_.cluster.coordinator, node_patience, cluster::get_cluster_view{})
      .then(
          [g, one_more](const cluster::cluster_view& known) {
            g->view = known;
            one_more();
          },
          [g, one_more](const caf::error& reason) {
            g->view.emplace().store_error = runtime::describe(reason);
            one_more();
          });
}

const cluster::member* gateway_actor::path_member(http_request& r, const target& where) {
  auto name = path_name(r, where, "node");
  if (!name)
    return nullptr;
  auto found = std::find_if(members_.begin(), members_.end(), [&](auto& m) { return m.info.name == *name; });
  if (found != members_.end())
    return &*found;
  r.reply(parts_.cluster.membership || *name != table().node()
              ? problem_answer(404, "the cluster has no node " + *name, r.target)
              : problem_answer(409, "this node is alone: no other could take anything over", r.target));
  return nullptr;
}

void gateway_actor::plan_drain(http_request& r, const std::string& name, bool then_leave) {
  auto reply = std::make_shared<responder>(std::move(r.reply));
  auto where = r.target;
  this->request(parts_.cluster.coordinator, std::chrono::seconds{2}, cluster::plan_drain{name})
      .then(
          [this, reply, name, then_leave, where](const cluster::drain_plan& plan) {
            auto render = [reply, name, then_leave, plan](const std::optional<node_report>& cost) {
              std::string body;
              json_writer out{body};
              std::size_t moving = 0, staying = 0;
              out.begin_object().member("node", name).member("plan", !then_leave).key("moves").begin_array();
              for (auto& share : plan.shares) {
                (share.to.empty() ? staying : moving) += share.partitions;
                out.begin_object().member("role", share.role).key("to");
                if (share.to.empty())
                  out.null();
                else
                  out.string(share.to);
                out.member("partitions", share.partitions).end_object();
              }
              out.end_array().member("partitions", moving).member("staying", staying).key("entities");
              cost ? out.integer(live_entities(*cost)) : out.null();
              out.key("runningJobs");
              cost ? out.integer(cost->running_jobs) : out.null();
              out.end_object();
              (*reply)(json(then_leave ? 202 : 200, std::move(body)));
            };
            // What a move costs: each live entity saves, ends and is loaded again; running jobs have to end.
            ask_node(name, {then_leave ? "leave" : "report", {}}, [=](const answer_of_node& said) {
              if (auto* reason = std::get_if<caf::error>(&said); reason && then_leave)
                return (*reply)(silent_node(*reason, name, where));
              auto* text = std::get_if<std::string>(&said);
              render(text ? runtime::wire::decode<node_report>(*text) : std::nullopt);
            });
          },
          [reply, where](const caf::error& reason) { (*reply)(error_answer(reason, where)); });
}

void gateway_actor::drain_node(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({"plan"}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto plan = where.flag("plan", false);
  if (auto* bad = std::get_if<http_api::problem>(&plan))
    return r.reply(answer(std::move(*bad), r.target));
  if (auto* m = path_member(r, where))
    plan_drain(r, m->info.name, !std::get<bool>(plan));
}

void gateway_actor::undrain_node(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto* m = path_member(r, where);
  if (m == nullptr)
    return;
  auto& name = m->info.name;
  if (m->state == cluster::member_state::down)
    return r.reply(problem_answer(409, name + " is down; it takes part again when it starts", r.target));
  auto reply = std::make_shared<responder>(std::move(r.reply));
  ask_node(name, {"return", {}}, [reply, name, at = r.target](const answer_of_node& said) {
    if (auto* reason = std::get_if<caf::error>(&said))
      return (*reply)(silent_node(*reason, name, at));
    std::string body;
    json_writer{body}.begin_object().member("node", name).member("state", "up").end_object();
    (*reply)(json(200, std::move(body)));
  });
}

void gateway_actor::down_node(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto* m = path_member(r, where);
  if (m == nullptr)
    return;
  auto& name = m->info.name;
  if (m->state != cluster::member_state::down)
    return r.reply(problem_answer(409,
                                  name + " is " + std::string{cluster::to_string(m->state)}
                                      + ", not lost: drain it, or stop it first",
                                  r.target));
  auto reply = std::make_shared<responder>(std::move(r.reply));
  this->request(parts_.cluster.membership, store_deadline, cluster::declare_down{name})
      .then(
          [reply, name] {
            std::string body;
            json_writer{body}.begin_object().member("node", name).member("state", "down").end_object();
            (*reply)(json(200, std::move(body)));
          },
          [reply, at = r.target](const caf::error& reason) { (*reply)(error_answer(reason, at)); });
}

} // namespace tutti::actors::http_gateway
