#include "runtime/error.hpp"
#include "runtime/jobs/store.hpp"
#include "services/net/io_thread.hpp"
#include "services/redis_jobs/store.hpp"
#include "tests/support/redis_server.hpp"

#include <chrono>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <caf/all.hpp>
#include <gtest/gtest.h>

namespace tutti::tests {
namespace {

using namespace runtime::jobs;
using namespace std::chrono_literals;

/// The server's host goes, and with it what its append-only file had not synced; the node lives on.
struct RedisHostLoss : testing::Test {
  RedisHostLoss() {
    std::promise<caf::actor> made;
    system.spawn([&](caf::event_based_actor* self) {
      made.set_value(services::redis_jobs::spawn_redis_store(*self, {&table, "/n/store", 0, {}},
                                                             {commands, mailbox}, {}, nullptr));
    });
    store = made.get_future().get();
  }
  ~RedisHostLoss() override {
    caf::anon_send_exit(store, caf::exit_reason::kill);
    store = nullptr;
  }

  services::redis::client_options to_server() const {
    services::redis::client_options out;
    out.server = services::redis::parse_url(server.url()).value();
    return out;
  }
  std::size_t written() const {
    auto info = server.cli({"INFO", "persistence"});
    return std::stoull(info.substr(info.find("aof_current_size:") + 17));
  }

  submit_result submit(caf::scoped_actor& as, const std::string& key) {
    submit_jobs order;
    auto& spec = order.jobs.emplace_back();
    auto now = std::chrono::system_clock::now().time_since_epoch();
    spec.id = make_job_id(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    spec.type = "t";
    spec.payload = "{}";
    spec.max_attempts = 3;
    spec.timeout_ms = 60000;
    spec.idempotency_key = key;
    as->send(store, std::move(order));
    submit_result out;
    as->receive([&](const jobs_submitted& got) { out = got.results.at(0); },
                caf::after(20s) >> [] { FAIL() << "a submission without an answer"; });
    return out;
  }
  std::optional<job_view> find(caf::scoped_actor& as, job_id id) {
    for (auto until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
      std::optional<job_view> found;
      bool answered = false;
      as->request(store, 10s, get_job{id})
          .receive(
              [&](job_view& job) {
                found = std::move(job);
                answered = true;
              },
              [&](const caf::error& why) { answered = runtime::is(why, runtime::ec::not_found); });
      if (answered)
        return found;
      std::this_thread::sleep_for(20ms); // it reconnects
    }
    ADD_FAILURE() << "the store does not answer";
    return std::nullopt;
  }
  std::vector<claimed_job> claims(caf::scoped_actor& as, std::size_t count) {
    std::vector<claimed_job> out;
    bool late = false;
    while (out.size() < count && !late)
      as->receive([&](jobs_claimed& got) { out.insert(out.end(), got.jobs.begin(), got.jobs.end()); },
                  caf::after(20s) >> [&] { late = true; });
    EXPECT_EQ(out.size(), count);
    return out;
  }
  void finish(caf::scoped_actor& as, const claimed_job& job, std::string result) {
    finish_attempts ended;
    auto& outcome = ended.outcomes.emplace_back();
    outcome.id = job.id;
    outcome.token = job.token;
    outcome.result = std::move(result);
    as->send(store, std::move(ended));
  }

  redis_server server{
      {{"--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync", "no"}, {}, false}};
  struct shared_queue : caf::actor_system_config {
    shared_queue() { set("scheduler.policy", caf::atom("sharing")); }
  };
  runtime::actor::actor_table table{"n"};
  shared_queue config;
  caf::actor_system system{config};
  services::net::io_thread io{"redis"};
  services::redis::client commands{io.context(), to_server()};
  services::redis::client mailbox{io.context(), to_server()};
  caf::actor store;
};

TEST_F(RedisHostLoss, GivenTailOfTheFileLostWhenItIsBackThenWhatWasSyncedRunsAndNoTokenGoesBack) {
  caf::scoped_actor before{system}, after{system};
  std::vector<job_id> synced;
  for (int i = 0; i < 10; ++i)
    synced.push_back(submit(before, "synced-" + std::to_string(i)).id);
  auto on_disk = written();

  before->send(store, attach_worker{"n", 4});
  auto lost = claims(before, 4);
  finish(before, lost[0], "\"early\"");
  lost.push_back(claims(before, 1).front()); // in the place of the one that ended
  auto tail = submit(before, "tail");
  ASSERT_EQ(tail.outcome, submitted::accepted);
  ASSERT_EQ(find(before, lost[0].id)->status, job_status::succeeded);

  auto gone = written() - on_disk;
  server.kill();
  server.cut_append_only_file(gone);
  server.start();

  for (auto id : synced) {
    auto job = find(before, id);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->status, job_status::queued);
  }
  EXPECT_FALSE(find(before, tail.id));
  auto again = submit(before, "tail");
  EXPECT_EQ(again.outcome, submitted::accepted) << "its key went with it";

  std::map<job_id, std::uint64_t> old_tokens;
  for (auto& job : lost)
    old_tokens[job.id] = job.token;
  after->send(store, attach_worker{"n", 20});
  auto claimed = claims(after, 11);
  for (auto& job : claimed) {
    if (auto old = old_tokens.find(job.id); old != old_tokens.end()) {
      EXPECT_GT(job.token, old->second);
    }
  }
  for (std::size_t i = 1; i < lost.size(); ++i)
    finish(before, lost[i], "\"stale\"");
  for (auto& job : claimed)
    finish(after, job, "\"fresh\"");
  for (auto& job : claimed) {
    auto until = std::chrono::steady_clock::now() + 20s;
    auto view = find(after, job.id);
    while (view && view->status != job_status::succeeded && std::chrono::steady_clock::now() < until)
      view = find(after, job.id);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->status, job_status::succeeded);
    EXPECT_EQ(view->result, "\"fresh\"");
  }
}

} // namespace
} // namespace tutti::tests
