#pragma once
#include "protocols/discord/interactions/bounded_body.hpp"
#include "protocols/discord/interactions/message.hpp"

#include <span>

/// Members of an object that is a message, written into a body that others have begun.
namespace tutti::protocols::discord {

void write_components(bounded_body& body, std::span<const action_row> rows);
void write_message(bounded_body& body, const message& x);
void write_edit(bounded_body& body, const message_edit& x);

} // namespace tutti::protocols::discord
