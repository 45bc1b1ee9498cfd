#include "protocols/discord/gateway/ready.hpp"

#include "protocols/discord/fields.hpp"

namespace tutti::protocols::discord {
namespace {

bool read_user(json::reader& in, ready& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.user);
    else if (key == "username")
      read(in, x.username);
    else
      in.skip();
  }) && (x.user || in.missing("id"));
}

template <class Tag>
bool read_object_id(json::reader& in, snowflake<Tag>& id) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, id);
    else
      in.skip();
  }) && (id || in.missing("id"));
}

bool read_shard(json::reader& in, shard_ref& x) {
  std::vector<std::uint32_t> pair;
  if (!read(in, pair))
    return false;
  if (pair.size() != 2 || pair[0] >= pair[1])
    return in.fail("must be [shard, number of shards]");
  x = {pair[0], pair[1]};
  return true;
}

bool read_ready(json::reader& in, ready& x) {
  bool has_guilds = false;
  return in.object([&](std::string_view key) {
    if (key == "user")
      read_user(in, x);
    else if (key == "guilds")
      has_guilds = read_all(in, x.guilds, read_object_id<guild_tag>);
    else if (key == "session_id")
      read(in, x.session_id);
    else if (key == "resume_gateway_url")
      read(in, x.resume_gateway_url);
    else if (key == "application")
      read_object_id(in, x.application);
    else if (key == "shard")
      read_shard(in, x.shard.emplace());
    else
      in.skip();
  }) && (x.user || in.missing("user"))
         && (has_guilds || in.missing("guilds")) && (!x.session_id.empty() || in.missing("session_id"))
         && (!x.resume_gateway_url.empty() || in.missing("resume_gateway_url"))
         && (x.application || in.missing("application"));
}

} // namespace

json::outcome<ready> decode_ready(std::string_view d) {
  return decode<ready>(d, "d", read_ready);
}

} // namespace tutti::protocols::discord
