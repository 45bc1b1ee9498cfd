#include "protocols/discord/rest/bodies.hpp"
#include "protocols/discord/rest/routes.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(Routes, GivenIdsWhenMadeThenPathsOfDiscord) {
  constexpr std::uint64_t big = 9007199254740993;
  EXPECT_EQ(create_message(channel_id{big}).path, "/channels/9007199254740993/messages");
  EXPECT_EQ(edit_message(channel_id{1}, message_id{2}).path, "/channels/1/messages/2");
  EXPECT_EQ(delete_message(channel_id{1}, message_id{2}).method, "DELETE");
  EXPECT_EQ(put_commands(application_id{8}).path, "/applications/8/commands");
  EXPECT_EQ(put_guild_commands(application_id{8}, guild_id{9}).path, "/applications/8/guilds/9/commands");
  EXPECT_EQ(edit_own_voice_state(guild_id{9}).path, "/guilds/9/voice-states/@me");
  EXPECT_EQ(get_voice_state(guild_id{9}, user_id{7}).path, "/guilds/9/voice-states/7");
  EXPECT_EQ(interaction_callback(interaction_id{5}, "tok").path, "/interactions/5/tok/callback");
  EXPECT_EQ(edit_answer(application_id{8}, "tok").path, "/webhooks/8/tok/messages/@original");
  EXPECT_EQ(create_follow_up(application_id{8}, "tok").path, "/webhooks/8/tok");
  EXPECT_EQ(edit_follow_up(application_id{8}, "tok", message_id{2}).path, "/webhooks/8/tok/messages/2");
  EXPECT_EQ(get_gateway_bot().path, "/gateway/bot");
}

TEST(Routes, GivenTokenWithSlashesWhenMadeThenItLeadsNowhereElse) {
  EXPECT_EQ(interaction_callback(interaction_id{5}, "../x?y#z %").path,
            "/interactions/5/..%2Fx%3Fy%23z%20%25/callback");
  EXPECT_EQ(create_follow_up(application_id{8}, "..").path, "/webhooks/8/%2E%2E");
}

TEST(Routes, GivenInteractionsWhenAskedThenOutsideTheGlobalLimitAndWithoutTheBotsToken) {
  for (auto& to : {interaction_callback(interaction_id{5}, "t"), edit_answer(application_id{8}, "t"),
                   create_follow_up(application_id{8}, "t")}) {
    EXPECT_FALSE(to.in_global_limit);
    EXPECT_FALSE(to.with_bot_token);
  }
  EXPECT_TRUE(create_message(channel_id{1}).in_global_limit);
  EXPECT_TRUE(create_message(channel_id{1}).with_bot_token);
}

TEST(Routes, GivenBucketsWhenKeyedThenApartByMajorParameterOnly) {
  auto edit = [](std::uint64_t channel, std::uint64_t message) {
    return edit_message(channel_id{channel}, message_id{message});
  };
  EXPECT_EQ(bucket_key(edit(1, 2), "b"), bucket_key(edit(1, 3), "b"));
  EXPECT_NE(bucket_key(edit(1, 2), "b"), bucket_key(edit(2, 2), "b"));
  EXPECT_NE(bucket_key(edit(1, 2), "b"), bucket_key(edit(1, 2), "c"));
  EXPECT_EQ(unnamed_bucket_key(edit(1, 2)), unnamed_bucket_key(edit(1, 3)));
  EXPECT_NE(unnamed_bucket_key(edit(1, 2)), unnamed_bucket_key(delete_message(channel_id{1}, message_id{2})));
  EXPECT_NE(bucket_key(create_follow_up(application_id{8}, "t"), "b"),
            bucket_key(create_follow_up(application_id{8}, "u"), "b"));
}

TEST(Routes, GivenInteractionTokenWhenKeyedOrNamedThenItIsNotShown) {
  for (auto& to : {create_follow_up(application_id{8}, "secret"), edit_answer(application_id{8}, "secret"),
                   interaction_callback(interaction_id{5}, "secret")})
    EXPECT_EQ((std::string{to.pattern} + bucket_key(to, "b") + unnamed_bucket_key(to)).find("secret"),
              std::string::npos);
}

TEST(Bodies, GivenStageWhenEncodedThenIdAsAString) {
  EXPECT_EQ(encode_stage_state(channel_id{9007199254740993}, false),
            R"({"channel_id":"9007199254740993","suppress":false})");
}

} // namespace
} // namespace tutti::tests::discord
