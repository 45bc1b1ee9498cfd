#include "actors/http_gateway/observe/node_monitor.hpp"
#include "runtime/jobs/store.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/all.hpp>

using namespace std::chrono_literals;
using namespace tutti;
using namespace tutti::actors::http_gateway;

namespace {

struct NodeMonitor : tests::VirtualTime {
  runtime::actor::actor_table table{"n"};
  runtime::telemetry::metrics metrics;
  std::shared_ptr<health_board> health = std::make_shared<health_board>("n", "0");
  std::chrono::milliseconds takes{0}; ///< the store, to answer
  bool answers = true;

  void SetUp() override {
    auto store = sys.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {
          [this, self](runtime::jobs::list_queues) -> caf::result<std::vector<runtime::jobs::queue_view>> {
            auto promise = self->make_response_promise<std::vector<runtime::jobs::queue_view>>();
            auto answer = [promise]() mutable {
              runtime::jobs::queue_view queue;
              queue.name = "default";
              queue.depth[1][static_cast<std::size_t>(runtime::jobs::job_status::queued)] = 7;
              promise.deliver(std::vector{queue});
            };
            if (answers && takes == 0ms)
              answer();
            else if (answers) {
              waiting = answer;
              self->delayed_send(self, takes, caf::tick_atom_v);
            }
            return promise;
          },
          [this](caf::tick_atom) { waiting(); }};
    });
    running.push_back(store);
    sys.spawn([&](caf::event_based_actor* self) {
      running.push_back(spawn_node_monitor(*self, {&table, "/n/monitor", 0, {}}, health, metrics, store));
    });
    run();
  }

  /// The board keeps a rendered copy for a quarter of a second, but a change of status shows at once.
  std::string body() { return health->read()->body; }

  std::function<void()> waiting;
};

TEST_F(NodeMonitor, GivenQuickStoreWhenAskedThenHealthyAndGaugesFollow) {
  run_for(1s);
  EXPECT_NE(body().find(R"("status":"healthy")"), std::string::npos) << body();
  EXPECT_NE(metrics.render().find(R"(tutti_queue_depth{priority="medium",queue="default",state="queued"} 7)"),
            std::string::npos)
      << metrics.render();
}

TEST_F(NodeMonitor, GivenSlowStoreWhenAskedThenDegradedAndHealsAgain) {
  takes = 800ms;
  run_for(4s);
  auto slow = body();
  EXPECT_EQ(slow.rfind(R"({"status":"degraded")", 0), 0u) << slow;
  EXPECT_EQ(health->read()->status, 200);
  takes = 0ms;
  run_for(4s);
  EXPECT_EQ(body().rfind(R"({"status":"healthy")", 0), 0u) << body();
}

TEST_F(NodeMonitor, GivenSilentStoreWhenPatienceIsOverThenUnhealthyAndHealsAgain) {
  answers = false;
  run_for(6s);
  EXPECT_EQ(body().rfind(R"({"status":"unhealthy")", 0), 0u) << body();
  EXPECT_EQ(health->read()->status, 503);
  answers = true;
  run_for(6s);
  EXPECT_EQ(body().rfind(R"({"status":"healthy")", 0), 0u) << body();
}

} // namespace
