#pragma once
#include "runtime/entity/define.hpp"

/// A number that outlives its node: the pattern of an entity, explained in docs/developer/entities.md.
namespace tutti::actors::sample {

/// → counter_value. Rejected when the sum does not fit.
struct add {
  std::int64_t by = 1;
};
/// → counter_value.
struct get {};
struct counter_value {
  std::int64_t value = 0;
  std::string node;
  std::uint64_t epoch = 0;
};
// clang-format off
template <class F> void fields(F& f, add& x) { f("by", x.by); }
template <class F> void fields(F&, get&) {}
template <class F> void fields(F& f, counter_value& x) { f("value", x.value)("node", x.node)("epoch", x.epoch); }
// clang-format on

runtime::entity::entity_type counter_type();

} // namespace tutti::actors::sample

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::add)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::get)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::actors::sample::counter_value)
