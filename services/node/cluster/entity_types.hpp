#pragma once
#include "runtime/entity/entity_type.hpp"

namespace tutti::services::node {

/// Every entity type of this build.
void add_entity_types(runtime::entity::entity_types& types);

} // namespace tutti::services::node
