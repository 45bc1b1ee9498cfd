#pragma once
#include "actors/http_gateway/admission/api.hpp"
#include "actors/http_gateway/gateway.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/entity/remote/router.hpp"
#include "runtime/error.hpp"
#include "tests/support/virtual_time.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>
#include <rapidjson/document.h>

/// Gateways of several nodes within one process. What is between them is played.
namespace tutti::tests::gateways {

namespace http = actors::http_gateway;
namespace cluster = runtime::cluster;
namespace entity = runtime::entity;

/// Takes the answer to one request.
struct taken_answer final : http::reply_channel {
  std::optional<http::response> answer;
  void deliver(std::uint64_t, http::response&& given) noexcept override { answer = std::move(given); }
  bool abandoned(std::uint64_t) const noexcept override { return false; }
};

class idle_actor final : public runtime::actor::metered {
public:
  idle_actor(caf::actor_config& cfg, runtime::actor::placement where)
      : metered(cfg, std::move(where), "thing") {}

protected:
  caf::behavior make_behavior() override {
    return {[](caf::ok_atom) {}};
  }
};

struct node {
  explicit node(const std::string& name)
      : table(name), health(std::make_shared<http::health_board>(name, "0")) {}

  runtime::actor::actor_table table;
  runtime::telemetry::metrics metrics;
  runtime::telemetry::event_bus events;
  std::shared_ptr<http::health_board> health;
  std::shared_ptr<http::api> api;
  caf::actor gateway;
  std::vector<std::string> told; ///< its membership: "leave", "up", "down NAME"
};

/// Nodes a, b and c.
struct Gateways : VirtualTime {
  entity::entity_types types; ///< none
  std::map<std::string, node> nodes;
  std::set<std::string> silent, cut; ///< nodes that take questions and do not answer, or cannot be reached
  std::vector<cluster::member> members;
  std::function<caf::result<cluster::drain_plan>()> plan = [] { return cluster::drain_plan{}; };
  std::function<caf::result<cluster::cluster_view>()> view = [] { return cluster::cluster_view{}; };
  std::vector<caf::typed_response_promise<entity::json_reply>> unanswered;
  bool blind = false; ///< coordinators do not answer what they see
  std::vector<caf::typed_response_promise<cluster::cluster_view>> unseen;

  void SetUp() override {
    for (auto name : {"a", "b", "c"}) {
      nodes.try_emplace(name, name);
      cluster::member m;
      m.info.name = name;
      m.info.incarnation = 7;
      m.state = cluster::member_state::up;
      m.reachable = true;
      members.push_back(m);
    }
    auto router = sys.spawn([this](caf::event_based_actor* self) { return play_router(self); });
    running.push_back(router);
    for (auto& [name, n] : nodes)
      start(name, n, router, spawn_membership(n), spawn_coordinator());
    run();
  }

  void start(const std::string& name, node& n, caf::actor router, caf::actor membership,
             caf::actor coordinator) {
    http::api_options options;
    options.lend_threads = false;
    n.api = std::make_shared<http::api>(options, n.health, n.metrics);
    http::gateway_parts parts;
    parts.health = n.health;
    parts.metrics = &n.metrics;
    parts.events = &n.events;
    parts.cluster.name = "test";
    parts.cluster.self.name = name;
    parts.cluster.self.incarnation = 7;
    parts.cluster.types = &types;
    parts.cluster.entities =
        std::make_shared<entity::entity_refs>(sys, types, std::make_shared<entity::directory>(types, 1));
    parts.cluster.router = std::move(router);
    parts.cluster.membership = std::move(membership);
    parts.cluster.coordinator = std::move(coordinator);
    parts.cluster.partitions = 8;
    running.push_back(sys.spawn([&](caf::event_based_actor* self) {
      n.gateway = http::spawn_gateway(*self, {&n.table, "/" + name + "/api/gateway", 0, {}}, n.api, parts);
    }));
    run(); // while what the parent refers to is there
    running.push_back(n.gateway);
  }

  caf::behavior play_router(caf::event_based_actor* self) {
    return {[](const entity::serve_node&) {},
            [this, self](const entity::ask_node& question) -> caf::result<entity::json_reply> {
              if (cut.count(question.node) != 0)
                return runtime::make_error(runtime::ec::unavailable, "no connection");
              if (silent.count(question.node) != 0)
                return unanswered.emplace_back(self->make_response_promise<entity::json_reply>());
              self->delegate(nodes.at(question.node).gateway, entity::node_question{question.payload});
              return caf::delegated<entity::json_reply>{};
            }};
  }

  caf::actor spawn_membership(node& n) {
    auto made = sys.spawn([this, &n](caf::event_based_actor* self) -> caf::behavior {
      return {[this](cluster::subscribe_members) { return cluster::members_changed{members}; },
              [&n](cluster::set_leaving) { n.told.emplace_back("leave"); },
              [&n](cluster::set_up) { n.told.emplace_back("up"); },
              [&n, self](const cluster::declare_down& order) -> caf::result<void> {
                n.told.push_back("down " + order.name);
                if (n.table.node() == "b")
                  return runtime::make_error(runtime::ec::conflict, "it is not down");
                return caf::unit;
              }};
    });
    running.push_back(made);
    return made;
  }

  caf::actor spawn_coordinator() {
    auto made = sys.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this, self](cluster::get_cluster_view) -> caf::result<cluster::cluster_view> {
                if (blind)
                  return unseen.emplace_back(self->make_response_promise<cluster::cluster_view>());
                return view();
              },
              [this](const cluster::plan_drain&) { return plan(); }};
    });
    running.push_back(made);
    return made;
  }

  /// Lives on that node and has handled so many messages.
  void add_thing(const std::string& on, const std::string& name, int messages) {
    auto made =
        sys.spawn<idle_actor>(runtime::actor::placement{&nodes.at(on).table, "/" + on + "/" + name, 0, {}});
    running.push_back(made);
    for (int i = 0; i < messages; ++i)
      client->send(made, caf::ok_atom_v);
    run();
  }

  /// All gateways hear of the members as they are now.
  void tell_members() {
    for (auto& [name, n] : nodes)
      client->send(n.gateway, cluster::members_changed{members});
    run();
  }
  void set_state(const std::string& of, cluster::member_state state) {
    for (auto& m : members)
      if (m.info.name == of)
        m.state = state;
    tell_members();
  }

  std::shared_ptr<taken_answer> send(const std::string& to, const std::string& method,
                                     const std::string& target, const std::string& body = {}) {
    auto channel = std::make_shared<taken_answer>();
    auto& api = *nodes.at(to).api;
    http::request_head head;
    head.method = method;
    head.target = target;
    auto admission = api.admit(head);
    if (auto* refused = std::get_if<http::response>(&admission)) {
      channel->answer = std::move(*refused);
      return channel;
    }
    http::request r;
    r.route = std::get<http::admitted>(admission).route;
    r.method = method;
    r.target = target;
    r.body = body;
    r.received = std::chrono::steady_clock::now();
    r.deadline = r.received + std::chrono::seconds{30};
    r.reply = http::responder{channel, 0};
    std::vector<http::request> batch;
    batch.push_back(std::move(r));
    api.handle(std::move(batch));
    run();
    return channel;
  }

  /// The answer that comes without time passing.
  http::response ask(const std::string& to, const std::string& method, const std::string& target,
                     const std::string& body = {}) {
    auto channel = send(to, method, target, body);
    EXPECT_TRUE(channel->answer) << method << " " << target;
    if (channel->answer)
      return std::move(*channel->answer);
    http::response none;
    none.status = 0;
    return none;
  }
};

inline rapidjson::Document parsed(const http::response& answer) {
  rapidjson::Document out;
  out.Parse(answer.body.c_str());
  EXPECT_FALSE(out.HasParseError()) << answer.body;
  return out;
}

/// "a up, b unreachable; complete" of an answer for the whole cluster.
inline std::string said_by(const rapidjson::Document& answer) {
  std::string out;
  for (auto& n : answer["nodes"].GetArray())
    out += std::string{out.empty() ? "" : ", "} + n["name"].GetString() + " " + n["status"].GetString();
  return out + (answer["complete"].GetBool() ? "; complete" : "; incomplete");
}

} // namespace tutti::tests::gateways
