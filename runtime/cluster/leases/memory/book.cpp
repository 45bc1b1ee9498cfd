#include "runtime/cluster/leases/memory/book.hpp"

#include <algorithm>
#include <utility>

namespace tutti::runtime::cluster::memory {
namespace {

std::uint64_t micros(lease_book::time t) {
  return static_cast<std::uint64_t>(t.count());
}

} // namespace

lease_grant lease_book::grant(const lease_holder& to, lease_claim& claim, time now) {
  auto& r = records_[claim.name];
  r.until = std::min(r.until, now + ttl_); // the clock may have gone back
  if (r.until > now && r.holder != to)
    return {acquired::taken, r.epoch, r.holder, r.until - now};
  r.holder = to;
  r.epoch = std::max({r.epoch, claim.seen, claim.held, micros(now)}) + 1;
  r.until = now + ttl_;
  r.value = std::move(claim.value);
  return {acquired::granted, r.epoch, to, ttl_};
}

leases_acquired lease_book::acquire(acquire_leases&& order, time now) {
  leases_acquired out;
  out.grants.reserve(order.claims.size());
  for (auto& claim : order.claims)
    out.grants.push_back(grant(order.holder, claim, now));
  return out;
}

leases_renewed lease_book::renew(renew_leases&& order, time now) {
  leases_renewed out;
  for (auto& l : order.leases) {
    auto i = records_.find(l.name);
    // Whoever knows a later epoch holds a lease of an earlier process; see store.hpp.
    bool forgotten = i == records_.end() || (i->second.epoch < l.epoch && i->second.until <= now);
    if (!forgotten && (i->second.epoch != l.epoch || i->second.holder != order.holder)) {
      out.lost.push_back(std::move(l.name));
      continue;
    }
    records_[l.name] = {order.holder, l.epoch, now + ttl_, std::move(l.value)};
  }
  return out;
}

void lease_book::release(const release_leases& order) {
  for (auto& l : order.leases)
    if (auto i = records_.find(l.name);
        i != records_.end() && i->second.epoch == l.epoch && i->second.holder == order.holder)
      i->second = {{}, l.epoch, time{0}, {}};
}

lease_state lease_book::view(const std::string& name, const record& r, time now) {
  return {name, r.holder, r.epoch, r.value, std::max(r.until - now, time{0})};
}

leases_read lease_book::read(const read_leases& query, time now) const {
  leases_read out;
  for (auto& name : query.names) {
    auto i = records_.find(name);
    out.leases.push_back(view(name, i == records_.end() ? record{} : i->second, now));
  }
  return out;
}

lease_page lease_book::list(const list_leases& query, time now) const {
  lease_page out;
  auto i =
      query.after < query.prefix ? records_.lower_bound(query.prefix) : records_.upper_bound(query.after);
  for (; i != records_.end() && i->first.starts_with(query.prefix); ++i) {
    out.more = out.leases.size() == query.limit;
    if (out.more)
      break;
    out.leases.push_back(view(i->first, i->second, now));
  }
  return out;
}

std::optional<table_written> lease_book::write(write_table&& order, time now) {
  auto i = records_.find(coordinator_lease);
  bool coordinates = i != records_.end() && i->second.epoch == order.epoch && i->second.until > now;
  if (!coordinates || order.epoch < table_.epoch || order.read_version != table_.version)
    return std::nullopt;
  table_ = {std::max(table_.version, micros(now)) + 1, order.epoch, std::move(order.entries)};
  return table_written{table_.version};
}

table_read lease_book::table(const read_table& query) const {
  table_read out;
  if (query.known_version != table_.version)
    out.changed = table_;
  return out;
}

} // namespace tutti::runtime::cluster::memory
