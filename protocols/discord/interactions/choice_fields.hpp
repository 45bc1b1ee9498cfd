#pragma once
#include "protocols/discord/interactions/bounded_body.hpp"
#include "protocols/discord/interactions/callbacks.hpp"

#include <span>

namespace tutti::protocols::discord {

/// The member "choices": values of one type, names that differ.
void write_choices(bounded_body& body, std::span<const choice> choices);

} // namespace tutti::protocols::discord
