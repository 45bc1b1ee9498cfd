#include "runtime/cluster/placement/placement.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace tutti::runtime::cluster {
namespace {

using entry_map = std::unordered_map<std::string_view, std::vector<const table_entry*>>;

/// The entries of the roles that are asked for, by partition.
entry_map by_role(const partition_table& table, const placement_order& order) {
  entry_map out;
  out.reserve(order.roles.size());
  for (auto& [role, candidates] : order.roles)
    out[role].resize(order.partitions);
  for (auto& e : table.entries)
    if (auto i = out.find(e.role); i != out.end() && e.partition < order.partitions)
      i->second[e.partition] = &e;
  return out;
}

/// Places the partitions of one role.
class role_planner {
public:
  role_planner(const std::string& role, std::vector<candidate> members, const placement_order& order,
               std::vector<const table_entry*> entries)
      : role_(role), order_(order), members_(std::move(members)), entries_(std::move(entries)) {
    std::sort(members_.begin(), members_.end(),
              [](auto& a, auto& b) { return a.holder.node < b.holder.node; });
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::size_t m = 0; m < members_.size(); ++m)
      numbers[members_[m].holder.node] = m;
    has_.resize(members_.size());
    owner_.resize(entries_.size(), nobody);
    for (std::size_t p = 0; p < entries_.size(); ++p) {
      if (entries_[p] == nullptr)
        continue;
      auto i = numbers.find(entries_[p]->owner.node);
      if (i == numbers.end() || members_[i->second].holder != entries_[p]->owner)
        continue;
      owner_[p] = i->second;
      ++has_[i->second];
    }
  }

  /// `totals`: what each node has of the roles before; the shares of this one are added.
  void place(placement_plan& out, std::map<std::string, std::size_t>& totals) {
    share_out(totals);
    bool any_takes = !takers_.empty();
    std::vector<std::size_t> next = owner_;
    for (std::size_t p = 0; p < owner_.size(); ++p)
      if (owner_[p] == nobody)
        next[p] = take();
    auto under_way = order_.in_transit.find(role_);
    auto free = order_.live_moves
                - std::min(order_.live_moves,
                           under_way == order_.in_transit.end() ? std::size_t{0} : under_way->second);
    auto move = [&](std::size_t p) {
      if (free == 0) {
        ++out.waiting;
        return;
      }
      --free;
      next[p] = take();
    };
    for (std::size_t p = 0; p < owner_.size(); ++p)
      if (any_takes && owner_[p] != nobody && members_[owner_[p]].leaving)
        move(p);
    for (std::size_t p = 0; p < owner_.size(); ++p)
      if (auto o = owner_[p]; o != nobody && surplus_[o] > 0) {
        --surplus_[o];
        move(p);
      }
    write(out, next);
  }

private:
  static constexpr auto nobody = static_cast<std::size_t>(-1);

  /// How many each member is to have, hence how many it takes or gives.
  void share_out(std::map<std::string, std::size_t>& totals) {
    surplus_.resize(members_.size());
    wants_.resize(members_.size());
    for (std::size_t m = 0; m < members_.size(); ++m)
      if (!members_[m].leaving)
        takers_.push_back(m);
    if (takers_.empty())
      return;
    auto least = owner_.size() / takers_.size();
    auto with_one_more = owner_.size() % takers_.size();
    // One more for those that have it already: that saves a move.
    std::vector<std::tuple<bool, std::size_t, std::size_t>> ranks;
    for (auto m : takers_)
      ranks.emplace_back(has_[m] <= least, totals[members_[m].holder.node], m);
    std::sort(ranks.begin(), ranks.end());
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      auto m = std::get<2>(ranks[i]);
      auto share = least + (i < with_one_more ? 1 : 0);
      surplus_[m] = has_[m] - std::min(has_[m], share);
      wants_[m] = share - std::min(has_[m], share);
      totals[members_[m].holder.node] += share;
    }
  }

  /// The next member in turn that is to have more.
  std::size_t take() {
    while (!takers_.empty()) {
      turn_ %= takers_.size();
      auto m = takers_[turn_];
      if (wants_[m] == 0) {
        takers_.erase(takers_.begin() + static_cast<std::ptrdiff_t>(turn_));
        continue;
      }
      --wants_[m];
      ++turn_;
      return m;
    }
    return nobody;
  }

  void write(placement_plan& out, const std::vector<std::size_t>& next) const {
    for (std::size_t p = 0; p < next.size(); ++p) {
      auto* was = entries_[p];
      if (next[p] != nobody && next[p] == owner_[p]) {
        out.entries.push_back(*was);
        continue;
      }
      auto to = next[p] == nobody ? lease_holder{} : members_[next[p]].holder;
      auto number = static_cast<std::uint32_t>(p);
      if (next[p] != nobody)
        out.entries.push_back({role_, number, to, order_.epoch});
      if (was != nullptr || next[p] != nobody)
        out.moves.push_back({role_, number, was ? was->owner : lease_holder{}, std::move(to), reason(p)});
    }
  }

  move_reason reason(std::size_t p) const {
    if (entries_[p] == nullptr)
      return move_reason::unowned;
    if (owner_[p] == nobody)
      return move_reason::lost;
    return members_[owner_[p]].leaving ? move_reason::leaving : move_reason::balance;
  }

  const std::string& role_;
  const placement_order& order_;
  std::vector<candidate> members_;
  std::vector<const table_entry*> entries_; ///< of each partition; null: none
  std::vector<std::size_t> owner_;          ///< of each partition, by number of the member
  std::vector<std::size_t> has_, surplus_, wants_;
  std::vector<std::size_t> takers_; ///< that may want more
  std::size_t turn_ = 0;
};

} // namespace

std::string_view to_string(move_reason reason) noexcept {
  switch (reason) {
  case move_reason::unowned:
    return "unowned";
  case move_reason::lost:
    return "lost";
  case move_reason::leaving:
    return "leaving";
  case move_reason::balance:
    return "balance";
  }
  return "unknown";
}

placement_plan plan(const partition_table& current, const placement_order& order) {
  placement_plan out;
  auto entries = by_role(current, order);
  std::map<std::string, std::size_t> totals;
  for (auto& [role, members] : order.roles)
    role_planner{role, members, order, std::move(entries[role])}.place(out, totals);
  return out;
}

std::optional<std::vector<drain_share>> shares_of_drain(const partition_table& current, placement_order order,
                                                        const std::string& node) {
  order.live_moves = max_table_entries;
  bool found = false;
  for (auto& [role, members] : order.roles)
    for (auto& m : members)
      if (m.holder.node == node)
        found = m.leaving = true;
  if (!found)
    return std::nullopt;
  auto made = plan(current, order);
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (auto& m : made.moves)
    if (m.from.node == node)
      ++counts[{m.role, m.to.node}];
  for (auto& e : made.entries)
    if (e.owner.node == node)
      ++counts[{e.role, ""}];
  std::vector<drain_share> out;
  for (auto& [key, count] : counts)
    out.push_back({key.first, key.second, count});
  return out;
}

bool is_older(const partition_table& b, const partition_table& a) {
  if (b.epoch != a.epoch)
    return b.epoch < a.epoch;
  auto before = [](const table_entry* x, const table_entry* y) {
    return std::tie(x->role, x->partition) < std::tie(y->role, y->partition);
  };
  std::vector<const table_entry*> known;
  known.reserve(a.entries.size());
  for (auto& e : a.entries)
    known.push_back(&e);
  std::sort(known.begin(), known.end(), before);
  return std::any_of(b.entries.begin(), b.entries.end(), [&](auto& e) {
    auto i = std::lower_bound(known.begin(), known.end(), &e, before);
    return i != known.end() && !before(&e, *i) && e.epoch < (*i)->epoch;
  });
}

std::uint64_t next_entry_epoch(const partition_table& table, std::uint64_t coordinator_epoch) {
  auto out = coordinator_epoch;
  for (auto& e : table.entries)
    out = std::max(out, e.epoch);
  return out + 1;
}

} // namespace tutti::runtime::cluster
