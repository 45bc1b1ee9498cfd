#include "tests/services/postgres_jobs/node.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <caf/all.hpp>

namespace tutti::tests {

using namespace runtime::jobs;

bool soon(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  for (auto until = std::chrono::steady_clock::now() + within; !condition();) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

void ledger::begin(const std::string& node, const claimed_job& job) {
  std::lock_guard guard{lock_};
  ++runs_[job.id];
  ++by_node_[node];
  if (!job.key.empty() && !busy_keys_.insert(job.key).second)
    overlapped_ = true;
}

void ledger::end(const claimed_job& job) {
  std::lock_guard guard{lock_};
  ended_.insert(job.id);
  busy_keys_.erase(job.key);
}

std::size_t ledger::ended() const {
  std::lock_guard guard{lock_};
  return ended_.size();
}

bool ledger::overlapped() const {
  std::lock_guard guard{lock_};
  return overlapped_;
}

std::size_t ledger::most_of_a_job() const {
  std::lock_guard guard{lock_};
  std::size_t most = 0;
  for (auto& [id, count] : runs_)
    most = std::max(most, count);
  return most;
}

std::size_t ledger::of_node(const std::string& node) const {
  std::lock_guard guard{lock_};
  auto i = by_node_.find(node);
  return i == by_node_.end() ? 0 : i->second;
}

job_node::job_node(const std::string& url, std::string name, store_options options, std::uint32_t credit)
    : name_(std::move(name)), credit_(credit), client_(std::make_unique<database_client>(url)) {
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("scheduler.max-threads", std::size_t{2});
  system_ = std::make_unique<caf::actor_system>(config_);
  store_ = start_postgres_store(*system_, table_, client_->pool, options);
}

job_node::~job_node() {
  caf::anon_send_exit(worker_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(store_, caf::exit_reason::kill);
  worker_ = nullptr;
  store_ = nullptr;
  system_->await_all_actors_done(); // they use the pool
}

job_spec job_node::job(std::string key) {
  job_spec spec;
  auto now = std::chrono::system_clock::now().time_since_epoch();
  spec.id = make_job_id(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  spec.type = "test";
  spec.payload = "{}";
  spec.key = std::move(key);
  spec.max_attempts = 3;
  spec.timeout_ms = 60000;
  return spec;
}

void job_node::start_worker(ledger* into) {
  using done_atom = caf::atom_constant<caf::atom("done")>;
  worker_ = system_->spawn([=, in = inbox_, name = name_, store = store_,
                            credit = credit_](caf::event_based_actor* self) -> caf::behavior {
    auto held = std::make_shared<std::map<job_id, claimed_job>>();
    self->send(store, attach_worker{name, credit});
    return {
        [=](jobs_claimed& got) {
          for (auto& job : got.jobs) {
            if (into) {
              into->begin(name, job);
              (*held)[job.id] = job;
              self->delayed_send(self, std::chrono::milliseconds{2}, done_atom::value, job.id.hi, job.id.lo);
            }
            std::lock_guard guard{in->lock};
            ++in->claimed;
          }
        },
        [=](done_atom, std::uint64_t hi, std::uint64_t lo) {
          auto job = held->extract(job_id{hi, lo});
          if (!job)
            return;
          into->end(job.mapped());
          attempt_outcome outcome;
          outcome.id = job.mapped().id;
          outcome.token = job.mapped().token;
          outcome.result = "null";
          finish_attempts ended;
          ended.outcomes.push_back(std::move(outcome));
          self->send(store, std::move(ended));
        },
        [=](const claims_revoked& revoked) {
          std::lock_guard guard{in->lock};
          for (auto& r : revoked.claims)
            in->cancelled += r.cancel;
        },
    };
  });
}

void job_node::submit(std::vector<job_spec> jobs) {
  auto listener = system_->spawn([in = inbox_](caf::event_based_actor* self) -> caf::behavior {
    return {[=](jobs_submitted& got) {
      std::lock_guard guard{in->lock};
      in->submitted.insert(in->submitted.end(), got.results.begin(), got.results.end());
      self->quit();
    }};
  });
  submit_jobs order;
  order.jobs = std::move(jobs);
  caf::send_as(listener, store_, std::move(order));
}

std::vector<submit_result> job_node::submitted() const {
  std::lock_guard guard{inbox_->lock};
  return inbox_->submitted;
}

std::size_t job_node::claimed() const {
  std::lock_guard guard{inbox_->lock};
  return inbox_->claimed;
}

std::size_t job_node::told_to_cancel() const {
  std::lock_guard guard{inbox_->lock};
  return inbox_->cancelled;
}

} // namespace tutti::tests
