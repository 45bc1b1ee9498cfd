#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime::actor {

class actor_table;

/// What is added up for all actors of one type, dead ones included.
struct actor_type {
  static constexpr std::chrono::microseconds short_run{200};

  std::string name;
  std::atomic<std::uint64_t> live{0};
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<std::uint64_t> rejected{0}; ///< messages refused by a full mailbox
  // Of actors that have ended; the live ones are added when somebody reads.
  std::atomic<std::uint64_t> ended_messages{0};
  std::atomic<std::uint64_t> ended_busy_ns{0};
  std::atomic<std::uint64_t> failures{0}; ///< ended by an error

  /// After each time that one of them has run. One that is preempted is taken for a long one, so a few of
  /// those must not count.
  void ran(std::chrono::nanoseconds took) noexcept {
    auto credit = credit_.load(std::memory_order_relaxed);
    if (took > short_run)
      credit_.store(std::max(credit - 32, -1024), std::memory_order_relaxed);
    else if (credit < 64)
      credit_.store(credit + 1, std::memory_order_relaxed);
  }
  /// Nearly all of their runs are short, as far as one can tell.
  bool brief() const noexcept { return credit_.load(std::memory_order_relaxed) > 0; }

private:
  std::atomic<int> credit_{-256};
};

/// A reader's copy of one live actor's statistics.
struct actor_view {
  std::string type;
  std::string path;
  std::uint64_t id = 0;       ///< CAF's actor id, unique in this process
  std::uint64_t messages = 0; ///< handled
  std::uint64_t mailbox = 0;  ///< waiting, the one in hand included
  std::uint64_t rejected = 0; ///< refused by a full mailbox
  std::uint64_t busy_ns = 0;  ///< time in handlers
  std::uint64_t restarts = 0;
  std::chrono::system_clock::time_point started;
  std::string last_error; ///< why the previous incarnation ended
};

/// The statistics of one actor, embedded in it. Counters are written by the actor's own thread and by
/// senders, read by anyone who holds the shard's lock.
class actor_record {
public:
  actor_record(actor_table& table, actor_type& type) noexcept : table_(table), type_(type) {}
  actor_record(const actor_record&) = delete;
  actor_record& operator=(const actor_record&) = delete;

  actor_type& type() const noexcept { return type_; }
  actor_table& table() const noexcept { return table_; }

  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> busy_ns{0};

  virtual ~actor_record() = default;

private:
  friend class actor_table;
  /// Fills in what is not counted here. Called under the shard's lock, from any thread: immutable state only.
  virtual void describe(actor_view& view) const = 0;

  actor_table& table_;
  actor_type& type_;
  actor_record* prev_ = nullptr;
  actor_record* next_ = nullptr;
  std::uint32_t shard_ = 0;
};

/// One child as its supervisor sees it.
struct child_report {
  std::string name;
  std::string restart; ///< permanent, transient or temporary
  std::string state;   ///< running, restarting, stopping or stopped
  std::uint64_t restarts = 0;
  std::string last_error;
  bool supervisor = false; ///< has a report of its own under path/name
};

struct supervisor_report {
  std::string path;
  std::string strategy;
  std::uint64_t max_restarts = 0;
  std::chrono::milliseconds window{0};
  std::uint64_t restarts = 0; ///< within the window
  std::vector<child_report> children;
};

/// Totals of one actor type at one moment.
struct type_totals {
  std::string name;
  std::uint64_t live = 0, messages = 0, mailbox = 0, restarts = 0, rejected = 0, failures = 0, busy_ns = 0;
};

/// All live actors of this process and the supervision tree. Readers ask no actor, so a stuck one shows up
/// too. Thread-safe.
class actor_table {
public:
  explicit actor_table(std::string node_name) : node_(std::move(node_name)) {}

  const std::string& node() const noexcept { return node_; }

  /// The entry of that name, for the life of the table. Names come from code, never from outside: they are
  /// metric labels.
  actor_type& type(std::string_view name);

  void add(actor_record& record);
  void remove(actor_record& record, bool failed);

  /// Copies of the live actors that `wanted` keeps; `wanted` sees type, path, counters.
  std::vector<actor_view> actors(const std::function<bool(const actor_view&)>& wanted) const;
  std::vector<type_totals> totals() const;

  void report(supervisor_report report);
  void forget(const std::string& supervisor_path);
  std::vector<supervisor_report> supervisors() const;

private:
  static constexpr std::size_t shard_count = 32;
  struct shard {
    mutable std::mutex lock;
    actor_record* first = nullptr;
  };

  std::string node_;
  std::array<shard, shard_count> shards_;
  std::atomic<std::uint32_t> next_shard_{0};
  mutable std::mutex types_lock_;
  std::map<std::string, std::unique_ptr<actor_type>, std::less<>> types_;
  mutable std::mutex reports_lock_;
  std::map<std::string, supervisor_report> reports_;
};

} // namespace tutti::runtime::actor
