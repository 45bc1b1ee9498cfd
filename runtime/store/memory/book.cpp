#include "runtime/store/memory/book.hpp"

#include "runtime/error.hpp"

#include <algorithm>

namespace tutti::runtime::store::memory {

fences_raised entity_book::raise(const raise_fences& order) {
  fences_raised out;
  out.standing.reserve(order.fences.size());
  for (auto& f : order.fences) {
    auto& epoch = fences_[{f.role, f.partition}];
    epoch = std::max(epoch, f.epoch);
    out.standing.push_back(epoch);
  }
  return out;
}

states_loaded entity_book::load(const load_states& query) const {
  states_loaded out;
  out.states.reserve(query.names.size());
  for (auto& asked : query.names) {
    auto i = states_.find({asked.type, asked.key});
    if (i == states_.end())
      out.states.push_back({asked, 0, {}, {}});
    else
      out.states.push_back({asked, i->second.version, i->second.bytes, i->second.wake_at});
  }
  return out;
}

caf::expected<state_saved> entity_book::save(save_state&& order) {
  place at{std::move(order.role), order.partition};
  if (auto fence = fences_.find(at); fence == fences_.end() || fence->second != order.epoch)
    return make_error(ec::conflict, fence_conflict);
  name who{std::move(order.name.type), std::move(order.name.key)};
  auto i = states_.find(who);
  auto stored = i == states_.end() ? 0 : i->second.version;
  if (order.remove && stored == 0)
    return state_saved{0}; // also when it is repeated
  auto gone = removals_.find(who);
  auto base = order.version == 0 && gone != removals_.end() ? gone->second.version : order.version;
  if (stored != order.version) {
    if (stored == base + 1 && i->second.save_id == order.id)
      return state_saved{stored};
    return make_error(ec::conflict, version_conflict);
  }
  if (stored == 0 && gone != removals_.end()
      && std::pair{order.epoch, order.id} <= std::pair{gone->second.epoch, gone->second.save_id})
    return make_error(ec::conflict, version_conflict); // it was sent before the removal
  if (i != states_.end())
    forget_wakeful(who, i->second);
  if (order.remove) {
    note_removal(who, {base + 1, order.epoch, order.id});
    states_.erase(i);
    return state_saved{0};
  }
  if (order.remember || order.wake_at)
    wakeful_[at].insert(who);
  states_[std::move(who)] = {std::move(at),          base + 1,       order.id,
                             std::move(order.bytes), order.remember, order.wake_at};
  return state_saved{base + 1};
}

void entity_book::note_removal(const name& who, const removal& r) {
  if (removals_.insert_or_assign(who, r).second)
    removed_order_.push_back(who);
  if (removed_order_.size() <= max_removals)
    return;
  removals_.erase(removed_order_.front());
  removed_order_.pop_front();
}

void entity_book::forget_wakeful(const name& who, const record& r) {
  auto i = wakeful_.find(r.at);
  if (i != wakeful_.end() && i->second.erase(who) > 0 && i->second.empty())
    wakeful_.erase(i);
}

wake_page entity_book::list(const list_wakeful& query) const {
  wake_page out;
  auto found = wakeful_.find({query.role, query.partition});
  if (found == wakeful_.end())
    return out;
  auto& names = found->second;
  for (auto i = names.upper_bound({query.after.type, query.after.key}); i != names.end(); ++i) {
    out.more = out.entities.size() == query.limit;
    if (out.more)
      break;
    auto& r = states_.at(*i);
    out.entities.push_back({{{i->first, i->second}, r.version, r.bytes, r.wake_at}, r.remember});
  }
  return out;
}

} // namespace tutti::runtime::store::memory
