#include "protocols/discord/gateway/guild.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <string>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

constexpr user_id self{500};

const std::string whole_guild =
    R"({"id":"900","name":"H\u00e4uschen","owner_id":"1","member_count":250,"large":true,"joined_at":"x","unavailable":false,)"
    R"("roles":[{"id":"900","name":"@everyone","permissions":"1024","color":0,"tags":{"bot_id":"1"}},{"id":"901","name":"DJ","permissions":"2097152"}],)"
    R"("channels":[{"id":"10","type":0,"name":"text","topic":null,"permission_overwrites":[],"parent_id":null},)"
    R"({"id":"11","type":2,"name":"voice","user_limit":5,"parent_id":"9","bitrate":64000,"permission_overwrites":[)"
    R"({"id":"901","type":0,"allow":"1048576","deny":"0"},{"id":"500","type":1,"allow":"0","deny":"2097152"}]},{"id":"12","type":99,"name":"new"}],)"
    R"("voice_states":[{"user_id":"1","channel_id":"11","session_id":"a","self_mute":true},{"user_id":"501","channel_id":"11","session_id":"b"}],)"
    R"("members":[{"roles":["901"],"user":{"id":"1","username":"u"}},{"user":{"id":"501","bot":true},"roles":[]},)"
    R"({"roles":["901","902"],"communication_disabled_until":"2026-11-23T03:00:00.123000+00:00","user":{"id":"500","bot":true}}],)"
    R"("threads":[{"id":"13","type":11}],"presences":[{"user":{"id":"1"}}],"stage_instances":[],"emojis":[{"id":null}]})";

TEST(GuildCreate, GivenWholeEventWhenDecodedThenWhatMusicNeeds) {
  auto x = value_of(decode_guild_create(whole_guild, self));
  EXPECT_EQ(x.info.id, guild_id{900});
  EXPECT_EQ(x.info.name, "H\xC3\xA4uschen");
  EXPECT_EQ(x.info.owner, user_id{1});
  EXPECT_EQ(x.member_count, 250);
  EXPECT_FALSE(x.unavailable);
  EXPECT_EQ(x.info.roles,
            (std::vector<role>{{role_id{900}, "@everyone", {1024}}, {role_id{901}, "DJ", {2097152}}}));
  ASSERT_EQ(x.channels.size(), 3u);
  EXPECT_EQ(x.channels[0],
            (channel{channel_id{10}, guild_id{900}, channel_type::guild_text, "text", {}, 0, {}}));
  EXPECT_EQ(x.channels[1], (channel{channel_id{11},
                                    guild_id{900},
                                    channel_type::guild_voice,
                                    "voice",
                                    channel_id{9},
                                    5,
                                    {{901, overwrite::target::role, {1048576}, {}},
                                     {500, overwrite::target::member, {}, {2097152}}}}));
  EXPECT_TRUE(x.channels[1].is_voice());
  EXPECT_EQ(static_cast<int>(x.channels[2].type), 99);
}

TEST(GuildCreate, GivenVoiceStatesWhenDecodedThenWithTheGuildAndWhoIsABot) {
  auto x = value_of(decode_guild_create(whole_guild, self));
  ASSERT_EQ(x.voice_states.size(), 2u);
  EXPECT_EQ(x.voice_states[0].guild, guild_id{900});
  EXPECT_EQ(x.voice_states[0].channel, channel_id{11});
  EXPECT_TRUE(x.voice_states[0].self_mute);
  EXPECT_FALSE(x.voice_states[0].bot);
  EXPECT_TRUE(x.voice_states[1].bot);
}

TEST(GuildCreate, GivenMembersWhenDecodedThenTheBotsOwnOnly) {
  auto x = value_of(decode_guild_create(whole_guild, self));
  ASSERT_TRUE(x.self);
  EXPECT_EQ(x.self->roles, (std::vector<role_id>{role_id{901}, role_id{902}}));
  EXPECT_EQ(x.self->timed_out_until_ms, 1795402800123);
  EXPECT_EQ(value_of(decode_guild_create(whole_guild, user_id{1})).self,
            (own_member{{role_id{901}}, std::nullopt}));
  EXPECT_EQ(value_of(decode_guild_create(whole_guild, user_id{777})).self, std::nullopt);
}

TEST(GuildCreate, GivenOutageWhenDecodedThenTheIdIsEnough) {
  auto x = value_of(decode_guild_create(R"({"id":"18446744073709551615","unavailable":true})", self));
  EXPECT_TRUE(x.unavailable);
  EXPECT_EQ(x.info.id.value, UINT64_MAX);
}

TEST(GuildCreate, GivenMistakesWhenDecodedThenTheFieldIsNamed) {
  auto refusal = [](std::string_view old, std::string_view now) {
    auto text = whole_guild;
    return refusal_of(decode_guild_create(text.replace(text.find(old), old.size(), now), self));
  };
  EXPECT_EQ(refusal("\"id\"", "\"x\""), "d.id: is missing");
  EXPECT_EQ(refusal("\"owner_id\"", "\"x\""), "d.owner_id: is missing");
  EXPECT_EQ(refusal("\"roles\"", "\"x\""), "d.roles: is missing");
  EXPECT_EQ(refusal("\"channels\"", "\"x\""), "d.channels: is missing");
  EXPECT_EQ(refusal("\"1048576\"", "1048576"),
            "d.channels[1].permission_overwrites[0].allow: must be a string");
  EXPECT_EQ(refusal("\"deny\":\"2097152\"", "\"deny\":\"-1\""),
            "d.channels[1].permission_overwrites[1].deny: must be a number in a string");
  EXPECT_EQ(refusal("\"type\":1,", "\"type\":2,"),
            "d.channels[1].permission_overwrites[1].type: must be 0 or 1");
  EXPECT_EQ(refusal("\"permissions\":\"1024\"", "\"p\":1"), "d.roles[0].permissions: is missing");
  EXPECT_EQ(refusal("\"user_limit\":5", "\"user_limit\":-5"), "d.channels[1].user_limit: is out of range");
  EXPECT_EQ(refusal("\"id\":\"10\",\"type\":0", "\"id\":\"10\""), "d.channels[0].type: is missing");
  EXPECT_EQ(refusal("2026-11-23T03", "yesterday"),
            "d.members[2].communication_disabled_until: must be a time");
  EXPECT_EQ(refusal("\"user_id\":\"501\"", "\"user_id\":501"), "d.voice_states[1].user_id: must be a string");
}

TEST(GuildCreate, GivenEveryTruncationWhenDecodedThenRefused) {
  for (std::size_t n = 0; n < whole_guild.size(); ++n)
    EXPECT_NE(refusal_of(decode_guild_create(whole_guild.substr(0, n), self)), "") << n;
}

TEST(GuildUpdate, GivenEventWhenDecodedThenNameOwnerAndRoles) {
  auto x = value_of(decode_guild_update(
      R"({"id":"900","name":"n","owner_id":"2","roles":[{"id":"900","name":"@everyone","permissions":"0"}],"afk_timeout":1})"));
  EXPECT_EQ(x, (guild{guild_id{900}, "n", user_id{2}, {{role_id{900}, "@everyone", {}}}}));
  EXPECT_EQ(refusal_of(decode_guild_update(R"({"id":"900","name":"n","owner_id":"2"})", "")),
            "roles: is missing");
}

TEST(GuildDelete, GivenOutageAndRemovalWhenDecodedThenToldApart) {
  EXPECT_EQ(value_of(decode_guild_delete(R"({"id":"900","unavailable":true})")),
            (guild_delete{guild_id{900}, true}));
  EXPECT_EQ(value_of(decode_guild_delete(R"({"id":"900"})")), (guild_delete{guild_id{900}, false}));
  EXPECT_EQ(refusal_of(decode_guild_delete(R"({"unavailable":true})")), "d.id: is missing");
}

TEST(Channel, GivenEventsWhenDecodedThenWithTheirGuild) {
  auto x =
      value_of(decode_channel(R"({"id":"11","guild_id":"900","type":13,"name":"stage","user_limit":null})"));
  EXPECT_EQ(x, (channel{channel_id{11}, guild_id{900}, channel_type::guild_stage_voice, "stage", {}, 0, {}}));
  EXPECT_EQ(value_of(decode_channel(R"({"id":"11","type":1,"name":null})")).guild, guild_id{});
  EXPECT_EQ(refusal_of(decode_channel(R"({"id":"11","type":"2"})")), "d.type: must be an integer");
}

TEST(Roles, GivenEventsWhenDecodedThenChangedAndDeleted) {
  auto x =
      value_of(decode_role_change(R"({"guild_id":"900","role":{"id":"901","name":"DJ","permissions":"8"}})"));
  EXPECT_EQ(x.guild, guild_id{900});
  EXPECT_EQ(x.changed, (role{role_id{901}, "DJ", {8}}));
  auto gone = value_of(decode_role_delete(R"({"role_id":"901","guild_id":"900"})"));
  EXPECT_EQ(gone.guild, guild_id{900});
  EXPECT_EQ(gone.id, role_id{901});
  EXPECT_EQ(refusal_of(decode_role_change(R"({"guild_id":"900"})")), "d.role: is missing");
  EXPECT_EQ(refusal_of(decode_role_change(R"({"guild_id":"900","role":{"name":"x"}})")),
            "d.role.id: is missing");
  EXPECT_EQ(refusal_of(decode_role_delete(R"({"guild_id":"900"})")), "d.role_id: is missing");
}

TEST(MemberUpdate, GivenEventWhenDecodedThenUserAndRoles) {
  auto x = value_of(decode_member_update(
      R"({"roles":["901"],"user":{"id":"500"},"guild_id":"900","nick":null,"communication_disabled_until":null})"));
  EXPECT_EQ(x.guild, guild_id{900});
  EXPECT_EQ(x.user, self);
  EXPECT_EQ(x.member, (own_member{{role_id{901}}, std::nullopt}));
  EXPECT_EQ(refusal_of(decode_member_update(R"({"guild_id":"900","roles":[]})")), "d.user: is missing");
  EXPECT_EQ(refusal_of(decode_member_update(R"({"guild_id":"900","roles":[1]})")),
            "d.roles[0]: must be a string");
}

} // namespace
} // namespace tutti::tests::discord
