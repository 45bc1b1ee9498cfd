#pragma once
#include "runtime/entity/define.hpp"

/// A number that outlives its node: the pattern of an entity, explained in docs/developer/entities.md.
namespace tutti::actors::sample {

struct counter_value {
  std::int64_t value = 0;
  std::string node;
  std::uint64_t epoch = 0;
  void fields(auto& f) { f("value", value)("node", node)("epoch", epoch); }
};
/// As get → counter_value. Rejected when the sum does not fit.
struct add {
  std::int64_t by = 1;
  void fields(auto& f) { f("by", by); }
};
struct get {};

runtime::entity::entity_type counter_type();

} // namespace tutti::actors::sample

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::add)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::get)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::counter_value)
