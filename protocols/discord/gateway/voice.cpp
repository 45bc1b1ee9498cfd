#include "protocols/discord/gateway/voice.hpp"

#include "protocols/discord/fields.hpp"
#include "protocols/discord/gateway/voice_fields.hpp"

namespace tutti::protocols::discord {
namespace {

bool read_is_bot(json::reader& in, bool& bot) {
  return in.object([&](std::string_view member_key) {
    if (member_key != "user") {
      in.skip();
      return;
    }
    in.object([&](std::string_view key) {
      if (key == "bot")
        read(in, bot);
      else
        in.skip();
    });
  });
}

bool read_voice_server(json::reader& in, voice_server& x) {
  return in.object([&](std::string_view key) {
    if (key == "guild_id")
      read(in, x.guild);
    else if (key == "token")
      read(in, x.token);
    else if (key == "endpoint")
      read(in, x.endpoint);
    else
      in.skip();
  }) && (x.guild || in.missing("guild_id"))
         && (!x.token.empty() || in.missing("token"));
}

} // namespace

bool read(json::reader& in, voice_state& x) {
  return in.object([&](std::string_view key) {
    if (key == "guild_id")
      read(in, x.guild);
    else if (key == "channel_id")
      read(in, x.channel);
    else if (key == "user_id")
      read(in, x.user);
    else if (key == "session_id")
      read(in, x.session_id);
    else if (key == "deaf")
      read(in, x.deaf);
    else if (key == "mute")
      read(in, x.mute);
    else if (key == "self_deaf")
      read(in, x.self_deaf);
    else if (key == "self_mute")
      read(in, x.self_mute);
    else if (key == "suppress")
      read(in, x.suppress);
    else if (key == "member" && in.peek() == json::kind::object)
      read_is_bot(in, x.bot);
    else
      in.skip();
  }) && (x.user || in.missing("user_id"));
}

json::outcome<voice_state> decode_voice_state(std::string_view d, std::string_view root) {
  return decode<voice_state>(d, root, [](json::reader& in, voice_state& x) { return read(in, x); });
}

json::outcome<voice_server> decode_voice_server(std::string_view d) {
  return decode<voice_server>(d, "d", read_voice_server);
}

} // namespace tutti::protocols::discord
