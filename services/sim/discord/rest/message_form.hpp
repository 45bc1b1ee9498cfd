#pragma once
#include "services/sim/discord/rest/form.hpp"

#include <cstdint>

namespace tutti::services::sim::discord {

inline constexpr std::int64_t flag_suppress_embeds = 1 << 2;
inline constexpr std::int64_t flag_ephemeral = 1 << 6;
inline constexpr std::int64_t flag_suppress_notifications = 1 << 12;
inline constexpr std::int64_t flag_components_v2 = 1 << 15;

/// Content, embeds, components, mentions and flags of a message that is created or edited.
void check_message(form& out, const form_path& at, const json& body, std::int64_t allowed_flags);
/// Whether a new message of this body would be empty (code 50006).
bool is_empty_message(const json& body);
/// The parts of a modal.
void check_modal(form& out, const form_path& at, const json& body);

} // namespace tutti::services::sim::discord
