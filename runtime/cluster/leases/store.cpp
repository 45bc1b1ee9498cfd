#include "runtime/cluster/leases/store.hpp"

#include "runtime/error.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace tutti::runtime::cluster {
namespace {

caf::error refuse(std::string words) {
  return make_error(ec::rejected, std::move(words));
}

/// Printable ASCII, which every store takes and sorts alike.
bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= max_lease_name
         && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

caf::error check_holder(const lease_holder& holder) {
  if (!good_name(holder.node))
    return refuse("a holder's node name is 1 to 200 printable ASCII characters without blanks");
  if (holder.incarnation == 0 || holder.incarnation > INT64_MAX)
    return refuse("an incarnation is 1 to 2^63 - 1");
  return {};
}

/// `name_of`: of an element.
template <class Elements, class NameOf>
caf::error check_names(const Elements& elements, NameOf name_of) {
  if (elements.size() > max_lease_batch)
    return refuse("more than 2048 leases in one message");
  std::unordered_set<std::string_view> seen;
  for (auto& e : elements) {
    std::string_view name = name_of(e);
    if (!good_name(name))
      return refuse("a lease's name is 1 to 200 printable ASCII characters without blanks");
    if (!seen.insert(name).second)
      return refuse("the lease '" + std::string{name} + "' is named twice");
  }
  return {};
}

constexpr auto name_of_element = [](auto& e) -> std::string_view { return e.name; };

caf::error check_value(const std::string& value) {
  return value.size() > max_lease_value ? refuse("a lease's value has at most 4096 bytes") : caf::error{};
}

} // namespace

caf::error check(const acquire_leases& order) {
  if (auto bad = check_holder(order.holder))
    return bad;
  for (auto& c : order.claims) {
    if (auto bad = check_value(c.value))
      return bad;
    if (c.seen > max_epoch || c.held > max_epoch)
      return refuse("no lease has such an epoch");
  }
  return check_names(order.claims, name_of_element);
}

caf::error check(const renew_leases& order) {
  if (auto bad = check_holder(order.holder))
    return bad;
  for (auto& l : order.leases) {
    if (auto bad = check_value(l.value))
      return bad;
    if (l.epoch == 0 || l.epoch > max_epoch)
      return refuse("no lease has such an epoch");
  }
  return check_names(order.leases, name_of_element);
}

caf::error check(const release_leases& order) {
  if (auto bad = check_holder(order.holder))
    return bad;
  return check_names(order.leases, name_of_element);
}

caf::error check(const read_leases& query) {
  return check_names(query.names, [](auto& name) -> std::string_view { return name; });
}

caf::error check(const list_leases& query) {
  for (auto* text : {&query.prefix, &query.after})
    if (!text->empty() && !good_name(*text))
      return refuse("no lease has such a name");
  if (query.limit == 0 || query.limit > max_lease_batch)
    return refuse("a page has 1 to 2048 leases");
  return {};
}

caf::error check(const write_table& order) {
  if (order.entries.size() > max_table_entries)
    return refuse("a partition table has at most 65536 entries");
  for (auto& e : order.entries)
    if (!good_name(e.role) || (!e.owner.node.empty() && !good_name(e.owner.node)))
      return refuse("roles and nodes in a partition table have 1 to 200 printable ASCII characters");
  return {};
}

} // namespace tutti::runtime::cluster
