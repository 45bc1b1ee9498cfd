#pragma once
#include "protocols/discord/interactions/incoming.hpp"
#include "protocols/json/reader.hpp"

namespace tutti::protocols::discord {

bool read(json::reader& in, command_data& x);

} // namespace tutti::protocols::discord
