#pragma once
#include "protocols/discord/gateway/voice.hpp"
#include "protocols/json/reader.hpp"

namespace tutti::protocols::discord {

bool read(json::reader& in, voice_state& x);

} // namespace tutti::protocols::discord
