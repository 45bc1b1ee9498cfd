#include "actors/http_gateway/gateway_actor.hpp"
#include "runtime/cluster/placement/coordinator.hpp"
#include "runtime/error.hpp"
#include "runtime/jobs/runner.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/wire/codec.hpp"

#include <utility>

#include <caf/typed_response_promise.hpp>

// What gateways of a cluster ask each other.
namespace tutti::actors::http_gateway {

namespace cluster = runtime::cluster;
using runtime::entity::json_reply;

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
  for (auto& node : nodes) {
    g->answers[node];
    ask_node(node, question, [g, node](const answer_of_node& said) {
      if (auto* text = std::get_if<std::string>(&said))
        g->answers[node] = *text;
      g->one_less(); // else it is shown as a node that did not answer
    });
  }
}

void gateway_actor::ask_node(const std::string& node, const node_order& question,
                             std::function<void(const answer_of_node&)> done) {
  auto payload = runtime::wire::encode(question);
  auto said = [done](json_reply& answer) { done(std::move(answer.json)); };
  auto silent = [done](caf::error& reason) { done(std::move(reason)); };
  if (node == table().node())
    this->request(caf::actor{this}, node_patience, runtime::entity::node_question{payload})
        .then(said, silent);
  else
    this->request(parts_.cluster.router, node_patience,
                  runtime::entity::ask_node{node, node_service, payload, node_patience})
        .then(said, silent);
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
  auto out = own_report();
  if (!parts_.cluster.coordinator)
    return json_reply{runtime::wire::encode(out)};
  auto promise = make_response_promise<json_reply>();
  this->request(parts_.cluster.coordinator, node_patience * 3 / 4, cluster::get_cluster_view{})
      .then(
          [promise, out](const cluster::cluster_view& view) mutable {
            for (auto& e : view.events)
              out.events.push_back(
                  {std::chrono::duration_cast<std::chrono::milliseconds>(e.time.time_since_epoch()).count(),
                   e.what});
            promise.deliver(json_reply{runtime::wire::encode(out)});
          },
          [promise, out](const caf::error&) mutable {
            promise.deliver(json_reply{runtime::wire::encode(out)}); // without events
          });
  return promise;
}

caf::result<json_reply> gateway_actor::change_membership(const node_order& order) {
  bool leave = order.what == "leave";
  if (!leave && order.what != "return")
    return runtime::make_error(runtime::ec::rejected, "no such question: " + order.what);
  if (!leave && !api_->serving())
    return runtime::make_error(runtime::ec::unavailable, "it is about to end");
  runtime::telemetry::get().info("node.{} by=an administrator", leave ? "drains" : "returns");
  if (leave)
    send(parts_.cluster.membership, cluster::set_leaving{});
  else
    send(parts_.cluster.membership, cluster::set_up{});
  return json_reply{runtime::wire::encode(own_report())};
}

node_report gateway_actor::own_report() const {
  node_report out;
  for (auto& total : table().totals())
    if (parts_.cluster.types->find(total.name) != nullptr)
      out.entities[total.name] = total.live;
    else if (total.name.starts_with(runtime::jobs::attempt_type_prefix))
      out.running_jobs += total.live;
  return out;
}

} // namespace tutti::actors::http_gateway
