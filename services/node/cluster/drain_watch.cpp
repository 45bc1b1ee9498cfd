#include "services/node/cluster/drain_watch.hpp"

#include "runtime/cluster/membership/membership.hpp"
#include "runtime/error.hpp"
#include "runtime/jobs/runner.hpp"
#include "runtime/telemetry/log.hpp"

#include <utility>

namespace tutti::services::node {
namespace {

namespace cluster = runtime::cluster;
namespace jobs = runtime::jobs;
using std::chrono::milliseconds;

constexpr milliseconds answer_slack{1'000};

class drain_watch final : public runtime::actor::metered {
public:
  drain_watch(caf::actor_config& cfg, runtime::actor::placement where, caf::actor membership,
              caf::actor runner, cluster::lease_holder self, milliseconds patience)
      : metered(cfg, std::move(where), "drain-watch"), membership_(std::move(membership)),
        runner_(std::move(runner)), self_(std::move(self)), patience_(patience) {}

protected:
  caf::behavior make_behavior() override {
    send(membership_, cluster::subscribe_members{});
    return {
        [this](const cluster::members_changed& news) {
          for (auto& m : news.members)
            if (m.info.holder() == self_ && m.state == cluster::member_state::leaving)
              drain();
            else if (m.info.holder() == self_ && m.state == cluster::member_state::up)
              resume();
        },
        [](const cluster::peer_up&) {},
        [](const cluster::peer_down&) {},
    };
  }
  void on_exit() override { membership_ = runner_ = nullptr; }

private:
  void drain() {
    if (std::exchange(draining_, true))
      return;
    request(runner_, patience_ + answer_slack, jobs::drain_runner{patience_})
        .then(
            [](const jobs::drained& done) {
              runtime::telemetry::get().info("node.jobs_drained completed={} handed_back={}", done.completed,
                                             done.handed_back);
            },
            [](const caf::error& reason) {
              runtime::telemetry::get().warn("node.jobs_not_drained reason={}", runtime::describe(reason));
            });
  }
  void resume() {
    if (std::exchange(draining_, false))
      send(runner_, jobs::resume_runner{});
  }

  caf::actor membership_, runner_;
  const cluster::lease_holder self_;
  const milliseconds patience_;
  bool draining_ = false;
};

} // namespace

caf::actor spawn_drain_watch(caf::event_based_actor& parent, runtime::actor::placement at,
                             caf::actor membership, caf::actor runner, cluster::lease_holder self,
                             milliseconds patience) {
  return caf::actor_cast<caf::actor>(parent.spawn<drain_watch>(
      std::move(at), std::move(membership), std::move(runner), std::move(self), patience));
}

} // namespace tutti::services::node
