#pragma once
#include "actors/http_gateway/admission/answers.hpp"
#include "actors/http_gateway/gateway.hpp"
#include "actors/http_gateway/node_order.hpp"
#include "protocols/http_api/bodies/job_body.hpp"
#include "protocols/http_api/target.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/entity/remote/router.hpp"
#include "runtime/jobs/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::actors::http_gateway {

/// Inside an actor `request` and `response` are CAF's.
using http_request = request;
using http_response = response;

/// The actor behind spawn_gateway. Each group of routes has a file of its own.
class gateway_actor final : public runtime::actor::metered {
public:
  gateway_actor(caf::actor_config& cfg, runtime::actor::placement where, std::shared_ptr<api> requests,
                gateway_parts parts);

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using target = protocols::http_api::target;

  void serve(std::vector<http_request>& batch);
  void dispatch(http_request& r, const target& where);

  // gateway_jobs.cpp
  void submit(http_request& r);
  void flush_submissions();
  void submitted(runtime::jobs::jobs_submitted& answer);
  void expire_calls();
  void submit_batch(http_request& r);
  void list_jobs(http_request& r, const target& where, bool dead_only);
  void get_job(http_request& r, const target& where);
  void cancel_job(http_request& r, const target& where);
  void retry_job(http_request& r, const target& where, bool dead_only);
  void discard_job(http_request& r, const target& where);
  void retry_dead(http_request& r);
  void job_types(http_request& r, const target& where);

  // gateway_queues.cpp
  void queues(http_request& r, const target& where);
  void pause_queue(http_request& r, const target& where, bool pause);
  void purge_queue(http_request& r, const target& where);
  void schedules(http_request& r, const target& where);
  void put_schedule(http_request& r, const target& where);
  void delete_schedule(http_request& r, const target& where);

  // gateway_flags.cpp
  void flags(http_request& r, const target& where);
  void get_flag(http_request& r, const target& where);
  void put_flag(http_request& r, const target& where);
  caf::result<runtime::entity::json_reply> flag_told(const std::string& news);

  // gateway_observe.cpp
  void index(http_request& r);
  void metrics_page(http_request& r);
  void performance(http_request& r);
  void actors(http_request& r, const target& where);
  void supervision(http_request& r, const target& where);
  std::string actor_rows(std::string_view query) const;
  std::string supervision_tree() const;
  void events(http_request& r, const target& where);

  // gateway_cluster.cpp
  void join_cluster();
  void members_changed(runtime::cluster::members_changed& news);
  void clusters(http_request& r, const target& where);
  void drain_node(http_request& r, const target& where);
  void undrain_node(http_request& r, const target& where);
  void down_node(http_request& r, const target& where);
  void plan_drain(http_request& r, const std::string& name, bool then_leave);
  /// The member that the path names; null: `r` has been answered.
  const runtime::cluster::member* path_member(http_request& r, const target& where);

  // gateway_nodes.cpp
  caf::result<runtime::entity::json_reply> answer_node(const std::string& question);
  caf::result<runtime::entity::json_reply> change_membership(const node_order& order);
  node_report own_report() const;
  std::vector<std::string> living_nodes() const;
  /// What nodes said, by name; nothing: they did not answer in time.
  using node_answers = std::map<std::string, std::optional<std::string>>;
  /// Asks all members that live, this node included. `done` is called within a second.
  void ask_nodes(const node_order& question, std::function<void(const node_answers&)> done);
  using answer_of_node = std::variant<std::string, caf::error>;
  void ask_node(const std::string& node, const node_order& question,
                std::function<void(const answer_of_node&)> done);

  // gateway_entities.cpp
  void actor_types(http_request& r, const target& where);
  void inspect_actor(http_request& r, const target& where);
  void command_actor(http_request& r, const target& where);
  std::optional<runtime::entity::entity_ref> entity_of(http_request& r, const target& where);

  /// Asks the store and answers with what `render` makes of the result, or with the error. The request is
  /// answered within the store's deadline, whatever happens.
  template <class Result, class Message, class Render>
  void ask_store(http_request& r, Message message, Render render) {
    ask_for<Result>(parts_.store, r, std::move(message), std::move(render));
  }
  /// The same of another store.
  template <class Result, class Message, class Render>
  void ask_for(const caf::actor& store, http_request& r, Message message, Render render);

  struct waiting {
    responder reply;
    std::string target;
  };
  struct call {
    std::chrono::steady_clock::time_point deadline;
    std::vector<waiting> callers;
  };

  std::shared_ptr<api> api_;
  gateway_parts parts_;
  std::uint64_t last_call_ = 0;
  std::unordered_map<std::uint64_t, call> calls_;
  runtime::jobs::submit_jobs outgoing_; ///< of the batch in hand
  std::vector<waiting> outgoing_callers_;
  bool ticking_ = false;
  std::vector<runtime::cluster::member> members_; ///< empty: this node is alone
  const std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
};

/// Cluster-wide reads answer within a second with what they have.
inline constexpr std::chrono::milliseconds node_patience{800};
/// Under which name gateways ask each other, see runtime/entity/remote/router.hpp.
inline constexpr char node_service[] = "gateway";

/// How long the store may take.
inline constexpr std::chrono::seconds store_deadline{5};

template <class Result, class Message, class Render>
void gateway_actor::ask_for(const caf::actor& store, http_request& r, Message message, Render render) {
  auto reply = std::make_shared<responder>(std::move(r.reply));
  this->request(store, store_deadline, std::move(message))
      .then([reply, render](Result& result) { (*reply)(render(result)); },
            [reply, where = std::move(r.target)](const caf::error& reason) {
              (*reply)(error_answer(reason, where));
            });
}

runtime::jobs::unix_ms wall_now();

} // namespace tutti::actors::http_gateway
