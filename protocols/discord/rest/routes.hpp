#pragma once
#include "protocols/discord/snowflake.hpp"

#include <string>
#include <string_view>

/// Discord's REST routes that something here calls, below https://discord.com/api/v10.
namespace tutti::protocols::discord {

struct route {
  std::string_view method;
  std::string_view pattern;    ///< "/channels/{channel.id}/messages": for logs and metrics
  std::string path;            ///< may hold an interaction's token, a secret: never to be logged
  std::string major;           ///< what buckets are apart by: "channel:1"; "" when by nothing
  bool with_bot_token = true;  ///< needs `Authorization: Bot …`; else the path alone gives the right
  bool in_global_limit = true; ///< counts towards the bot's 50 requests a second
};

/// What a bucket's state is kept under once Discord has named the bucket (`X-RateLimit-Bucket`).
std::string bucket_key(const route& to, std::string_view bucket);
/// What first requests are to be serialised by, while the bucket has no name yet.
std::string unnamed_bucket_key(const route& to);

route get_gateway_bot();
route get_own_user();
route get_guild(guild_id guild);

route create_message(channel_id channel);
route edit_message(channel_id channel, message_id message);
route delete_message(channel_id channel, message_id message);

route get_voice_state(guild_id guild, user_id user);
route edit_own_voice_state(guild_id guild);

/// All commands of the application at once, for every guild or for one.
route get_commands(application_id application);
route put_commands(application_id application);
route put_guild_commands(application_id application, guild_id guild);

/// `token` is the interaction's.
route interaction_callback(interaction_id interaction, std::string_view token);
route get_answer(application_id application, std::string_view token);
route edit_answer(application_id application, std::string_view token);
route delete_answer(application_id application, std::string_view token);
route create_follow_up(application_id application, std::string_view token);
route edit_follow_up(application_id application, std::string_view token, message_id message);
route delete_follow_up(application_id application, std::string_view token, message_id message);

} // namespace tutti::protocols::discord
