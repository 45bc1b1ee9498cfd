#pragma once
#include "services/cli/commands/commands.hpp"
#include "services/cli/console/live.hpp"
#include "services/cli/demo/cluster.hpp"
#include "services/cli/demo/load.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tutti::services::cli {

/// What the steps of the demo share: words for the visitor, checks, and a ledger of every job with what must
/// become of it.
class tour {
public:
  tour(console& to, signals& stop, demo_cluster& cluster) : to_(to), stop_(stop), cluster_(cluster) {}

  /// Runs one step. A failure in it names the step.
  void step(const std::string& title, const std::function<void(tour&)>& what);

  void say(std::string_view text);
  /// A claim that has been checked.
  void checked(std::string_view text);
  /// Throws `failure` with these words unless it is true.
  void expect(bool fine, const std::string& otherwise) const;
  /// Asks again and again; fails with `what` when it does not become true in time.
  void wait_until(const std::string& what, const std::function<bool()>& condition);

  /// Sends them as batches and enters them into the ledger. Fails unless each one is accepted, and is a
  /// duplicate exactly where that was planned.
  void submit(const std::vector<planned_job>& jobs) { submit(jobs, node()); }
  void submit(const std::vector<planned_job>& jobs, api& by);
  /// One job with a line of its own; the answer.
  json submit_one(const std::string& line);
  /// A job that the plan says nothing about.
  void enter(const std::string& id, planned_job job) { ledger_[id] = {std::move(job), 0}; }
  void forget(const std::string& id) { ledger_.erase(id); }

  struct entry {
    planned_job job;
    std::int64_t sent_at = 0; ///< wall clock before it was sent, ms since 1970
  };
  std::unordered_map<std::string, entry>& ledger() noexcept { return ledger_; }

  /// Jobs by status, over all queues or over those named.
  std::map<std::string, std::uint64_t> depths(const std::vector<std::string>& queues = {});
  /// Draws bars until as many jobs of these queues have ended; how long that took.
  std::chrono::milliseconds watch(const std::vector<std::string>& queues, std::uint64_t jobs);
  /// Every job that the node has kept, of one queue or of all.
  void each_job(const std::string& queue, const std::function<void(const json&)>& use);

  json get(const std::string& path) { return node().get(path).body; }
  /// Of the first node that lives.
  api& node() { return *cluster_.living().talk; }
  demo_cluster& cluster() noexcept { return cluster_; }
  console& to() noexcept { return to_; }
  signals& stop() noexcept { return stop_; }

  std::uint64_t duplicates = 0, discarded = 0;
  double rate = 0;                              ///< jobs per second of the mixed load
  json performance;                             ///< of the node that took the mixed load, when it had ended
  std::map<std::string, std::int64_t> counters; ///< what each must hold, by its key

private:
  console& to_;
  signals& stop_;
  demo_cluster& cluster_;
  int steps_ = 0;
  std::unordered_map<std::string, entry> ledger_;
};

/// Waits until every node sees all three up, and the partitions shared evenly among them; what it sees then.
json wait_for_cluster(tour& t);
/// Reads every counter, each by way of another node than the one before; how many live where. Fails where
/// one does not hold what it should.
std::map<std::string, std::uint64_t> read_counters(tour& t);

/// The steps, in the order of the tour.
void visit_cluster(tour& t);
void visit_job_types(tour& t);
void visit_refusals(tour& t);
void visit_job_file(tour& t);
void visit_idempotency(tour& t);
void visit_mixed_load(tour& t);
void visit_cancel(tour& t);
void visit_dead_letters(tour& t);
void visit_queue_control(tour& t);
void visit_schedule(tour& t);
void visit_supervision(tour& t);
void visit_counters(tour& t);
void visit_takeover(tour& t);
void visit_return(tour& t);
void visit_summary(tour& t);

} // namespace tutti::services::cli
