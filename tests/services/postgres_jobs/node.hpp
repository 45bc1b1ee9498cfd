#pragma once
#include "runtime/jobs/store.hpp"
#include "runtime/jobs/store_options.hpp"
#include "tests/services/postgres_jobs/database.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

namespace tutti::tests {

bool soon(const std::function<bool()>& condition,
          std::chrono::milliseconds within = std::chrono::seconds{20});

/// Which jobs ran, on all nodes of a test.
class ledger {
public:
  void begin(const std::string& node, const runtime::jobs::claimed_job& job);
  void end(const runtime::jobs::claimed_job& job);
  std::size_t ended() const;
  bool overlapped() const;
  std::size_t most_of_a_job() const;
  std::size_t of_node(const std::string& node) const;

private:
  mutable std::mutex lock_;
  std::map<runtime::jobs::job_id, std::size_t> runs_;
  std::set<runtime::jobs::job_id> ended_;
  std::set<std::string> busy_keys_;
  std::map<std::string, std::size_t> by_node_;
  bool overlapped_ = false;
};

/// What a process would have: an actor system, a pool, a store and one worker.
class job_node {
public:
  job_node(const std::string& url, std::string name, runtime::jobs::store_options options,
           std::uint32_t credit);
  ~job_node();

  static runtime::jobs::job_spec job(std::string key);
  /// Its worker takes jobs and keeps them.
  void attach() { start_worker(nullptr); }
  /// Its worker takes jobs and lets them succeed a moment later.
  void serve(ledger& into) { start_worker(&into); }
  /// Sends a batch; the results come to submitted().
  void submit(std::vector<runtime::jobs::job_spec> jobs);
  std::vector<runtime::jobs::submit_result> submitted() const;
  std::size_t claimed() const;
  std::size_t told_to_cancel() const;
  template <class Answer, class Query>
  std::optional<Answer> ask(Query query, std::chrono::milliseconds patience = std::chrono::seconds{20}) {
    caf::scoped_actor self{*system_};
    std::optional<Answer> out;
    self->request(store_, patience, std::move(query))
        .receive([&](Answer& got) { out = std::move(got); }, [&](const caf::error&) {});
    return out;
  }

private:
  struct inbox {
    std::mutex lock;
    std::vector<runtime::jobs::submit_result> submitted;
    std::size_t claimed = 0, cancelled = 0;
  };
  void start_worker(ledger* into);

  std::string name_;
  std::uint32_t credit_;
  std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
  std::unique_ptr<database_client> client_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  runtime::actor::actor_table table_{"n"};
  caf::actor store_, worker_;
};

} // namespace tutti::tests
