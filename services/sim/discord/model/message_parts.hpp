#pragma once
#include "services/sim/base/json.hpp"

#include <string>

namespace tutti::services::sim::discord {

/// Components as answers have them: numbered in order, defaults filled in.
json answered_components(const json& requested);
json answered_embeds(const json& requested);
/// The enabled component with this custom_id or label, at any depth. Null: there is none.
const json* find_component(const json& within, const std::string& name);

} // namespace tutti::services::sim::discord
