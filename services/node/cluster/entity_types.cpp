#include "services/node/cluster/entity_types.hpp"

#include "actors/sample/counter.hpp"

namespace tutti::services::node {

void add_entity_types(runtime::entity::entity_types& types) {
  types.add(actors::sample::counter_type());
}

} // namespace tutti::services::node
