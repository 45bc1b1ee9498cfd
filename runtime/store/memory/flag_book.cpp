#include "runtime/store/memory/flag_book.hpp"

#include "runtime/error.hpp"

namespace tutti::runtime::store::memory {

flag_found flag_book::read(const read_flag& query) const {
  auto i = flags_.find(query.name);
  return i == flags_.end() ? flag_found{} : flag_found{i->second};
}

caf::expected<flag_written> flag_book::write(const write_flag& order, std::int64_t now_ms) {
  auto i = flags_.find(order.name);
  auto stored = i == flags_.end() ? 0 : i->second.version;
  if (order.expected && *order.expected != stored)
    return make_error(ec::conflict, flag_conflict);
  if (stored == 0 && flags_.size() >= max_flags)
    return make_error(ec::rejected, flags_full);
  feature_flag now{order.name, order.enabled, order.percentage, order.description, stored + 1, now_ms,
                   order.updated_by};
  flags_[order.name] = now;
  return flag_written{std::move(now)};
}

flags_listed flag_book::list() const {
  flags_listed out;
  for (auto& [name, flag] : flags_)
    out.flags.push_back(flag);
  return out;
}

} // namespace tutti::runtime::store::memory
