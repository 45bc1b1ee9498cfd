#include "runtime/actor/actor_table.hpp"

#include <utility>

namespace tutti::runtime::actor {

actor_type& actor_table::type(std::string_view name) {
  std::lock_guard guard{types_lock_};
  auto i = types_.find(name);
  if (i == types_.end()) {
    i = types_.emplace(std::string{name}, std::make_unique<actor_type>()).first;
    i->second->name = i->first;
  }
  return *i->second;
}

void actor_table::add(actor_record& record) {
  record.shard_ = next_shard_.fetch_add(1, std::memory_order_relaxed) % shard_count;
  auto& home = shards_[record.shard_];
  {
    std::lock_guard guard{home.lock};
    record.next_ = home.first;
    if (home.first)
      home.first->prev_ = &record;
    home.first = &record;
  }
  record.type_.live.fetch_add(1, std::memory_order_relaxed);
}

void actor_table::remove(actor_record& record, bool failed) {
  auto& type = record.type_;
  auto& home = shards_[record.shard_];
  std::lock_guard guard{home.lock};
  if (record.prev_)
    record.prev_->next_ = record.next_;
  else
    home.first = record.next_;
  if (record.next_)
    record.next_->prev_ = record.prev_;
  // Inside the lock, so that a reader counts each message once: as live or as ended.
  type.ended_messages.fetch_add(record.handled.load(std::memory_order_relaxed), std::memory_order_relaxed);
  type.ended_busy_ns.fetch_add(record.busy_ns.load(std::memory_order_relaxed), std::memory_order_relaxed);
  type.live.fetch_sub(1, std::memory_order_relaxed);
  if (failed)
    type.failures.fetch_add(1, std::memory_order_relaxed);
}

namespace {

void count(actor_view& view, const actor_record& record) {
  view.messages = record.handled.load(std::memory_order_relaxed);
  auto received = record.received.load(std::memory_order_relaxed);
  view.mailbox = received > view.messages ? received - view.messages : 0;
  view.rejected = record.rejected.load(std::memory_order_relaxed);
  view.busy_ns = record.busy_ns.load(std::memory_order_relaxed);
}

} // namespace

std::vector<actor_view> actor_table::actors(const std::function<bool(const actor_view&)>& wanted) const {
  std::vector<actor_view> out;
  for (auto& home : shards_) {
    std::lock_guard guard{home.lock};
    for (auto* record = home.first; record; record = record->next_) {
      actor_view view;
      view.type = record->type_.name;
      count(view, *record);
      record->describe(view);
      if (wanted(view))
        out.push_back(std::move(view));
    }
  }
  return out;
}

std::vector<type_totals> actor_table::totals() const {
  std::map<const actor_type*, type_totals> sums;
  {
    std::lock_guard guard{types_lock_};
    for (auto& [name, type] : types_)
      sums[type.get()].name = name;
  }
  // A type's ended counters are read while no record can end (all shards locked), or a message would be
  // counted twice or not at all and the total could step back.
  std::array<std::unique_lock<std::mutex>, shard_count> guards;
  for (std::size_t i = 0; i < shard_count; ++i)
    guards[i] = std::unique_lock{shards_[i].lock};
  for (auto& home : shards_)
    for (auto* record = home.first; record; record = record->next_) {
      auto i = sums.find(&record->type_);
      if (i == sums.end())
        continue; // registered since; it shows up next time
      actor_view view;
      count(view, *record);
      i->second.messages += view.messages;
      i->second.mailbox += view.mailbox;
      i->second.busy_ns += view.busy_ns;
    }
  std::vector<type_totals> out;
  for (auto& [type, sum] : sums) {
    sum.live = type->live.load(std::memory_order_relaxed);
    sum.messages += type->ended_messages.load(std::memory_order_relaxed);
    sum.busy_ns += type->ended_busy_ns.load(std::memory_order_relaxed);
    sum.restarts = type->restarts.load(std::memory_order_relaxed);
    sum.rejected = type->rejected.load(std::memory_order_relaxed);
    sum.failures = type->failures.load(std::memory_order_relaxed);
    out.push_back(std::move(sum));
  }
  return out;
}

void actor_table::report(supervisor_report report) {
  std::lock_guard guard{reports_lock_};
  reports_[report.path] = std::move(report);
}

void actor_table::forget(const std::string& supervisor_path) {
  std::lock_guard guard{reports_lock_};
  reports_.erase(supervisor_path);
}

std::vector<supervisor_report> actor_table::supervisors() const {
  std::lock_guard guard{reports_lock_};
  std::vector<supervisor_report> out;
  for (auto& [path, report] : reports_)
    out.push_back(report);
  return out;
}

} // namespace tutti::runtime::actor
