#include "actors/sample/counter.hpp"

namespace tutti::actors::sample {
namespace {

using namespace runtime;
struct counter {
  std::int64_t value = 0;
  void fields(auto& f) { f("value", value); }
};
using self = entity::entity<counter>;

counter_value value_of(const self& s, const get& = {}) {
  return {s.state.value, s.node(), s.epoch()};
}

caf::expected<counter_value> increase(self& s, const add& order) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(s.state.value, order.by, &sum))
    return make_error(ec::rejected, "/by: the sum does not fit");
  s.state.value = sum;
  return value_of(s);
}

} // namespace

entity::entity_type counter_type() {
  return entity::define<counter>("counter", "worker", "A number that outlives its node")
      .write<add>("add", increase)
      .read<get>("get", value_of)
      .remember();
}

} // namespace tutti::actors::sample
