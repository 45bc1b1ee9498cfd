#pragma once
#include "services/sim/discord/rest/form.hpp"

namespace tutti::services::sim::discord {

/// One application command of a PUT, POST or (`partial`) PATCH.
void check_command(form& out, const form_path& at, const json& body, bool partial);
/// A whole list, as PUT replaces it.
void check_commands(form& out, const json& body);

} // namespace tutti::services::sim::discord
