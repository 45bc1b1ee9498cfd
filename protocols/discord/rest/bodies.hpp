#pragma once
#include "protocols/discord/snowflake.hpp"

#include <string>

namespace tutti::protocols::discord {

/// Body of PATCH /guilds/{guild}/voice-states/@me: on a stage, to speak or to go back to the audience.
std::string encode_stage_state(channel_id stage, bool suppress);

} // namespace tutti::protocols::discord
