#include "protocols/discord/gateway/guild.hpp"

#include "protocols/discord/fields.hpp"
#include "protocols/discord/gateway/voice_fields.hpp"
#include "protocols/http_api/rfc3339.hpp"

#include <algorithm>

namespace tutti::protocols::discord {
namespace {

bool read_overwrite(json::reader& in, overwrite& x) {
  return in.object([&](std::string_view key) {
    if (key == "id") {
      read_id(in, x.id);
    } else if (key == "type") {
      std::uint8_t type = 0;
      if (read(in, type) && type > 1)
        in.fail("must be 0 or 1");
      x.of = static_cast<overwrite::target>(type);
    } else if (key == "allow") {
      read(in, x.allow);
    } else if (key == "deny") {
      read(in, x.deny);
    } else {
      in.skip();
    }
  }) && (x.id || in.missing("id"));
}

bool read_channel(json::reader& in, channel& x) {
  bool has_type = false;
  return in.object([&](std::string_view key) {
    if (key == "id") {
      read(in, x.id);
    } else if (key == "guild_id") {
      read(in, x.guild);
    } else if (key == "type") {
      std::uint8_t type = 0;
      has_type = read(in, type);
      x.type = static_cast<channel_type>(type);
    } else if (key == "name") {
      if (!in.null())
        read(in, x.name);
    } else if (key == "parent_id") {
      read(in, x.parent);
    } else if (key == "user_limit") {
      if (!in.null())
        read(in, x.user_limit);
    } else if (key == "permission_overwrites") {
      read_all(in, x.overwrites, read_overwrite);
    } else {
      in.skip();
    }
  }) && (x.id || in.missing("id"))
         && (has_type || in.missing("type"));
}

bool read_role(json::reader& in, role& x) {
  bool has_permissions = false;
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "name")
      read(in, x.name);
    else if (key == "permissions")
      has_permissions = read(in, x.permissions);
    else
      in.skip();
  }) && (x.id || in.missing("id"))
         && (has_permissions || in.missing("permissions"));
}

struct user_mark {
  user_id id;
  bool bot = false;
};

bool read_user_mark(json::reader& in, user_mark& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "bot")
      read(in, x.bot);
    else
      in.skip();
  }) && (x.id || in.missing("id"));
}

bool read_timeout(json::reader& in, own_member& x) {
  x.timed_out_until_ms.reset();
  if (in.null())
    return true;
  std::string_view time;
  if (!in.string(time))
    return false;
  x.timed_out_until_ms = http_api::parse_rfc3339(time);
  return x.timed_out_until_ms || in.fail("must be a time");
}

/// A member's field, if it is one; all others are left to the caller.
bool read_member_field(json::reader& in, std::string_view key, own_member& x, user_mark& user) {
  if (key == "user")
    read_user_mark(in, user);
  else if (key == "roles")
    read(in, x.roles);
  else if (key == "communication_disabled_until")
    read_timeout(in, x);
  else
    return false;
  return true;
}

/// The members of a GUILD_CREATE: keeps the bot's own, and who else is a bot.
class member_reader {
public:
  member_reader(json::reader& in, user_id self) noexcept : in_(in), self_(self) {}

  bool read(std::optional<own_member>& own) {
    return in_.array([&] {
      user_mark user;
      member_.roles.clear();
      member_.timed_out_until_ms.reset();
      in_.object([&](std::string_view key) {
        if (!read_member_field(in_, key, member_, user))
          in_.skip();
      });
      if (user.id && user.id == self_)
        own = member_;
      if (user.bot)
        bots_.push_back(user.id);
    });
  }

  bool is_bot(user_id user) const noexcept {
    return std::find(bots_.begin(), bots_.end(), user) != bots_.end();
  }

private:
  json::reader& in_;
  user_id self_;
  own_member member_;
  std::vector<user_id> bots_;
};

/// A field that GUILD_CREATE and GUILD_UPDATE share.
bool read_guild_field(json::reader& in, std::string_view key, guild& x) {
  if (key == "id")
    read(in, x.id);
  else if (key == "name")
    read(in, x.name);
  else if (key == "owner_id")
    read(in, x.owner);
  else if (key == "roles")
    read_all(in, x.roles, read_role);
  else
    return false;
  return true;
}

/// Without @everyone's role no permission can be known.
bool complete(json::reader& in, const guild& x) {
  return (x.id || in.missing("id")) && (x.owner || in.missing("owner_id"))
         && (!x.roles.empty() || in.missing("roles"));
}

bool read_guild_create(json::reader& in, guild_create& x, user_id self) {
  member_reader members{in, self};
  bool has_channels = false;
  bool good = in.object([&](std::string_view key) {
    if (key == "unavailable")
      read(in, x.unavailable);
    else if (key == "member_count")
      read(in, x.member_count);
    else if (key == "channels")
      has_channels = read_all(in, x.channels, read_channel);
    else if (key == "voice_states")
      read(in, x.voice_states);
    else if (key == "members")
      members.read(x.self);
    else if (!read_guild_field(in, key, x.info))
      in.skip();
  });
  if (!good)
    return false;
  if (x.unavailable)
    return x.info.id || in.missing("id");
  for (auto& one : x.channels)
    one.guild = x.info.id;
  for (auto& one : x.voice_states) {
    one.guild = x.info.id;
    one.bot = one.bot || members.is_bot(one.user);
  }
  return complete(in, x.info) && (has_channels || in.missing("channels"));
}

bool read_guild_update(json::reader& in, guild& x) {
  return in.object([&](std::string_view key) {
    if (!read_guild_field(in, key, x))
      in.skip();
  }) && complete(in, x);
}

bool read_guild_delete(json::reader& in, guild_delete& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "unavailable")
      read(in, x.unavailable);
    else
      in.skip();
  }) && (x.id || in.missing("id"));
}

bool read_role_change(json::reader& in, role_change& x) {
  bool has_role = false;
  return in.object([&](std::string_view key) {
    if (key == "guild_id")
      read(in, x.guild);
    else if (key == "role")
      has_role = read_role(in, x.changed);
    else
      in.skip();
  }) && (x.guild || in.missing("guild_id"))
         && (has_role || in.missing("role"));
}

bool read_role_delete(json::reader& in, role_delete& x) {
  return in.object([&](std::string_view key) {
    if (key == "guild_id")
      read(in, x.guild);
    else if (key == "role_id")
      read(in, x.id);
    else
      in.skip();
  }) && (x.guild || in.missing("guild_id"))
         && (x.id || in.missing("role_id"));
}

bool read_member_update(json::reader& in, member_update& x) {
  user_mark user;
  bool good = in.object([&](std::string_view key) {
    if (key == "guild_id")
      read(in, x.guild);
    else if (!read_member_field(in, key, x.member, user))
      in.skip();
  });
  x.user = user.id;
  return good && (x.guild || in.missing("guild_id")) && (x.user || in.missing("user"));
}

} // namespace

json::outcome<guild_create> decode_guild_create(std::string_view d, user_id self) {
  return decode<guild_create>(
      d, "d", [&](json::reader& in, guild_create& x) { return read_guild_create(in, x, self); });
}

json::outcome<guild> decode_guild_update(std::string_view d, std::string_view root) {
  return decode<guild>(d, root, read_guild_update);
}

json::outcome<guild_delete> decode_guild_delete(std::string_view d) {
  return decode<guild_delete>(d, "d", read_guild_delete);
}

json::outcome<channel> decode_channel(std::string_view d) {
  return decode<channel>(d, "d", read_channel);
}

json::outcome<role_change> decode_role_change(std::string_view d) {
  return decode<role_change>(d, "d", read_role_change);
}

json::outcome<role_delete> decode_role_delete(std::string_view d) {
  return decode<role_delete>(d, "d", read_role_delete);
}

json::outcome<member_update> decode_member_update(std::string_view d) {
  return decode<member_update>(d, "d", read_member_update);
}

} // namespace tutti::protocols::discord
