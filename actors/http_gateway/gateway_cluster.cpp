#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/error.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <caf/typed_response_promise.hpp>

// The routes that show and steer the cluster, and what gateways ask each other for them.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
namespace cluster = runtime::cluster;
using http_api::json_writer;
using runtime::entity::json_reply;
using std::chrono::milliseconds;
using std::chrono::system_clock;

/// Cluster-wide reads answer within a second with what they have.
constexpr milliseconds node_patience{800};
constexpr std::string_view service = "gateway";

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
    send(c.router, runtime::entity::serve_node{std::string{service}, this});
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

std::vector<std::string> gateway_actor::living_nodes() const {
  std::vector<std::string> out;
  for (auto& m : members_)
    if (m.state != cluster::member_state::down)
      out.push_back(m.info.name);
  if (members_.empty())
    out.push_back(table().node());
  return out;
}

void gateway_actor::ask_nodes(const node_order& question, std::function<void(const node_answers&)> done) {
  struct gathering {
    node_answers answers;
    std::size_t missing = 0;
    std::function<void(const node_answers&)> done;
    void one_less() {
      if (--missing == 0)
        done(answers);
    }
  };
  auto nodes = living_nodes();
  auto g = std::make_shared<gathering>();
  g->missing = nodes.size();
  g->done = std::move(done);
  auto payload = runtime::wire::encode(question);
  for (auto& node : nodes) {
    g->answers[node];
    auto said = [g, node](json_reply& answer) {
      g->answers[node] = std::move(answer.json);
      g->one_less();
    };
    auto silent = [g](const caf::error&) { g->one_less(); }; // shown as a node that did not answer
    if (node == table().node())
      this->request(caf::actor{this}, node_patience, runtime::entity::node_question{payload})
          .then(said, silent);
    else
      this->request(parts_.cluster.router, node_patience,
                    runtime::entity::ask_node{node, std::string{service}, payload, node_patience})
          .then(said, silent);
  }
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
  auto fail = [reply, where = r.target](const caf::error& reason) { (*reply)(error_answer(reason, where)); };
  this->request(parts_.cluster.coordinator, std::chrono::seconds{2}, cluster::plan_drain{name})
      .then(
          [this, reply, name, then_leave, fail](const cluster::drain_plan& plan) {
            auto render = [reply, name, then_leave, plan](std::optional<std::uint64_t> entities) {
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
              if (entities)
                out.integer(*entities);
              else
                out.null();
              out.end_object();
              (*reply)(json(then_leave ? 202 : 200, std::move(body)));
            };
            // What a move costs: each live entity saves, ends and is loaded again.
            ask_nodes({then_leave ? "leave" : "report", name}, [=](const node_answers& answers) {
              auto said = answers.find(name);
              if (said == answers.end() || !said->second)
                return fail(runtime::make_error(runtime::ec::unavailable, name + " does not answer"));
              std::optional<std::uint64_t> entities;
              if (auto report = runtime::wire::decode<node_report>(*said->second)) {
                entities = 0;
                for (auto& [type, count] : report->entities)
                  *entities += count;
              }
              render(entities);
            });
          },
          fail);
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
  ask_nodes({"return", name}, [reply, name, at = r.target](const node_answers& answers) {
    auto said = answers.find(name);
    if (said == answers.end() || !said->second)
      return (*reply)(problem_answer(503, name + " does not answer", at));
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
  ask_nodes({"down", name}, [reply, name](const node_answers&) {
    std::string body;
    json_writer{body}.begin_object().member("node", name).member("state", "down").end_object();
    (*reply)(json(200, std::move(body)));
  });
}

caf::result<json_reply> gateway_actor::answer_node(const std::string& question) {
  auto order = runtime::wire::decode<node_order>(question);
  if (!order)
    return runtime::make_error(runtime::ec::malformed, "a question that cannot be read");
  if (order->what == "actors")
    return json_reply{actor_rows(order->argument)};
  if (order->what == "supervision")
    return json_reply{supervision_tree()};
  if (order->what == "flag")
    return flag_told(order->argument);
  if (order->what != "report")
    return change_membership(*order);
  node_report out;
  for (auto& total : table().totals())
    if (parts_.cluster.types->find(total.name) != nullptr)
      out.entities[total.name] = total.live;
  if (!parts_.cluster.coordinator)
    return json_reply{runtime::wire::encode(out)};
  auto promise = make_response_promise<json_reply>();
  this->request(parts_.cluster.coordinator, node_patience * 3 / 4, cluster::get_cluster_view{})
      .then(
          [promise, out](const cluster::cluster_view& view) mutable {
            for (auto& e : view.events)
              out.events.push_back(
                  {std::chrono::duration_cast<milliseconds>(e.time.time_since_epoch()).count(), e.what});
            promise.deliver(json_reply{runtime::wire::encode(out)});
          },
          [promise, out](const caf::error&) mutable {
            promise.deliver(json_reply{runtime::wire::encode(out)}); // without events
          });
  return promise;
}

caf::result<json_reply> gateway_actor::change_membership(const node_order& order) {
  auto& membership = parts_.cluster.membership;
  bool own = order.argument == table().node();
  node_report report;
  for (auto& total : table().totals())
    if (parts_.cluster.types->find(total.name) != nullptr)
      report.entities[total.name] = total.live;
  auto reply = json_reply{runtime::wire::encode(report)};
  if (order.what == "leave" || order.what == "return") {
    if (!own)
      return reply; // for another one
    runtime::telemetry::get().info("node.{} by=an administrator",
                                   order.what == "leave" ? "drains" : "returns");
    if (order.what == "leave")
      send(membership, cluster::set_leaving{});
    else
      send(membership, cluster::set_up{});
    return reply;
  }
  if (order.what != "down")
    return runtime::make_error(runtime::ec::rejected, "no such question: " + order.what);
  if (!own)
    send(membership, cluster::declare_down{order.argument});
  return reply;
}

} // namespace tutti::actors::http_gateway
