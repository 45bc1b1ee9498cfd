#include "runtime/cluster/membership/roster.hpp"

#include "runtime/error.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <utility>

namespace tutti::runtime::cluster {
namespace {

roster::time since_of(const member_note& note) {
  return roster::time{std::chrono::milliseconds{note.since_ms}};
}

/// What the store knows of a holder; at least who it is.
member_note note_of(const lease_state& lease) {
  auto note = wire::decode<member_note>(lease.value);
  if (note && note->info.holder() == lease.holder)
    return *note;
  member_note bare;
  bare.info.name = lease.holder.node;
  bare.info.incarnation = lease.holder.incarnation;
  return bare;
}

} // namespace

void roster::set_self(const member_note& note, bool held) {
  self_ = note;
  self_held_ = held;
  self_had_ = self_had_ || held;
}

void roster::take_leases(const std::vector<lease_state>& leases) {
  const auto prefix = member_lease("").size();
  const auto death_prefix = death_lease("");
  for (auto& [name, e] : entries_)
    e.held = false; // those that the store has lost
  for (auto& lease : leases) {
    if (lease.name.starts_with(death_prefix)) {
      if (auto note = wire::decode<death_note>(lease.value))
        deaths_[lease.name.substr(death_prefix.size())] = note->incarnation;
      continue;
    }
    auto name = lease.name.substr(std::min(prefix, lease.name.size()));
    if (name.empty() || name == self_.info.name)
      continue;
    bool nobody = lease.holder.node.empty();
    if (nobody && entries_.count(name) == 0)
      continue; // it had left before we came
    auto& e = entries_[name];
    e.held = !nobody && lease.left.count() > 0;
    e.released = nobody;
    if (!nobody)
      e.note = note_of(lease);
  }
}

void roster::set_link(const member_info& peer, bool reachable) {
  entries_[peer.name].connection = link{peer, reachable};
}

void roster::drop_link(const std::string& peer) {
  if (auto i = entries_.find(peer); i != entries_.end())
    i->second.connection.reset();
}

caf::expected<std::uint64_t> roster::lost_life(const std::string& name) const {
  auto i = entries_.find(name);
  if (name != self_.info.name && (i == entries_.end() || !i->second.shown))
    return make_error(ec::not_found, "no member has the name '" + name + "'");
  if (name == self_.info.name || i->second.shown->state != member_state::down)
    return make_error(ec::conflict, "node '" + name + "' is not down");
  return i->second.shown->info.incarnation;
}

bool roster::declared_dead(const member_info& who) const {
  auto i = deaths_.find(who.name);
  return i != deaths_.end() && i->second == who.incarnation;
}

member roster::own() const {
  member out{self_.info, member_state::joining, true, {}, {}};
  if (self_held_) {
    out.state = self_.leaving ? member_state::leaving : member_state::up;
    out.since = since_of(self_);
  } else {
    out.why = self_had_ ? "it has lost its lease" : "it waits for its lease";
  }
  return out;
}

std::optional<member> roster::conclude(const entry& e) const {
  auto to = e.connection && declared_dead(e.connection->info) ? std::nullopt : e.connection;
  bool dead = e.note && declared_dead(e.note->info);
  if (e.held && dead) // for as long as it has not noticed
    return member{e.note->info, member_state::down, false, {}, "it was declared dead"};
  if (e.held) {
    member out{e.note->info,
               e.note->leaving ? member_state::leaving : member_state::up,
               false,
               since_of(*e.note),
               {}};
    out.reachable = to && to->reachable && to->info.incarnation == e.note->info.incarnation;
    return out;
  }
  bool former = e.note && !dead && (!to || to->info.incarnation == e.note->info.incarnation);
  if (to && to->reachable)
    return member{
        to->info, member_state::joining, true, {}, former ? "its lease ended" : "it has no lease yet"};
  if (former)
    return member{
        e.note->info, member_state::down, false, {}, e.released ? "it has left" : "its lease ended"};
  if (to)
    return member{to->info, member_state::joining, false, {}, "it has no lease yet"};
  return std::nullopt; // said hello, went away before it got a lease
}

bool roster::refresh(time now) {
  std::vector<member> out;
  auto show = [&](std::optional<member>& shown, std::optional<member> fresh) {
    if (fresh && fresh->since == time{})
      fresh->since =
          shown && shown->state == fresh->state && shown->info.incarnation == fresh->info.incarnation
              ? shown->since
              : now;
    shown = std::move(fresh);
  };
  show(self_shown_, own());
  out.push_back(*self_shown_);
  for (auto& [name, e] : entries_) {
    show(e.shown, conclude(e));
    if (!e.shown)
      continue;
    if (e.shown->state != member_state::down || now - e.shown->since <= forget_after)
      out.push_back(*e.shown);
  }
  std::erase_if(entries_, [](auto& e) { return !e.second.shown; });
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.info.name < b.info.name; });
  if (out == members_)
    return false;
  members_ = std::move(out);
  return true;
}

} // namespace tutti::runtime::cluster
