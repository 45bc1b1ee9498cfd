#include "runtime/store/entity_store.hpp"

#include "runtime/error.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace tutti::runtime::store {
namespace {

constexpr std::size_t max_role = 64; // bytes

caf::error refuse(const char* words) {
  return make_error(ec::rejected, words);
}

/// Printable ASCII, which every store takes and sorts alike.
bool good_word(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest
         && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

caf::error check_name(const entity_name& name) {
  if (!good_word(name.type, max_entity_type))
    return refuse("an entity's type is 1 to 64 printable ASCII characters without blanks");
  return name.key.size() > max_entity_key ? refuse("an entity's key has at most 512 bytes") : caf::error{};
}

caf::error check_partition(const std::string& role, std::uint32_t partition) {
  if (!good_word(role, max_role))
    return refuse("a role is 1 to 64 printable ASCII characters without blanks");
  return partition > INT32_MAX ? refuse("a partition is at most 2^31 - 1") : caf::error{};
}

caf::error check_epoch(std::uint64_t epoch) {
  return epoch == 0 || epoch > INT64_MAX ? refuse("an epoch is 1 to 2^63 - 1") : caf::error{};
}

} // namespace

caf::error check(const raise_fences& order) {
  if (order.fences.size() > max_store_batch)
    return refuse("more than 2048 fences in one message");
  std::set<std::pair<std::string_view, std::uint32_t>> seen;
  for (auto& f : order.fences) {
    if (auto bad = check_partition(f.role, f.partition))
      return bad;
    if (auto bad = check_epoch(f.epoch))
      return bad;
    if (!seen.emplace(f.role, f.partition).second)
      return refuse("a fence is named twice");
  }
  return {};
}

caf::error check(const load_states& query) {
  if (query.names.size() > max_store_batch)
    return refuse("more than 2048 entities in one message");
  for (auto& name : query.names)
    if (auto bad = check_name(name))
      return bad;
  return {};
}

caf::error check(const save_state& order) {
  if (auto bad = check_name(order.name))
    return bad;
  if (auto bad = check_partition(order.role, order.partition))
    return bad;
  if (auto bad = check_epoch(order.epoch))
    return bad;
  if (order.version >= INT64_MAX)
    return refuse("no state has such a version");
  if (order.id == 0 || order.id > INT64_MAX)
    return refuse("a save has an id from 1 to 2^63 - 1");
  if (order.bytes.size() > max_entity_state)
    return refuse("a state has at most 1 MiB");
  return order.wake_at && *order.wake_at < 0 ? refuse("wake_at is not before 1970") : caf::error{};
}

caf::error check(const list_wakeful& query) {
  if (query.after != entity_name{})
    if (auto bad = check_name(query.after))
      return bad;
  if (query.limit == 0 || query.limit > max_store_batch)
    return refuse("a page has 1 to 2048 entities");
  return check_partition(query.role, query.partition);
}

} // namespace tutti::runtime::store
