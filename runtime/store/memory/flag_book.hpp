#pragma once
#include "runtime/store/flag_store.hpp"

#include <map>
#include <string>

#include <caf/expected.hpp>

namespace tutti::runtime::store::memory {

/// The feature flags of a single node. The orders have passed check().
class flag_book {
public:
  flag_found read(const read_flag& query) const;
  /// The error is a conflict, or rejected when there are too many.
  caf::expected<flag_written> write(const write_flag& order, std::int64_t now_ms);
  flags_listed list() const;

private:
  std::map<std::string, feature_flag> flags_;
};

} // namespace tutti::runtime::store::memory
