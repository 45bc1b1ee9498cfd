#include "protocols/discord/gateway/voice.hpp"
#include "tests/protocols/discord/outcomes.hpp"

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(VoiceState, GivenWholeEventWhenDecodedThenAllIsThere) {
  auto x = value_of(decode_voice_state(
      R"({"guild_id":"900","channel_id":"9007199254740993","user_id":"700","member":{"user":{"id":"700","bot":true},)"
      R"("roles":["1"]},"session_id":"s","deaf":true,"mute":false,"self_deaf":true,"self_mute":true,"self_stream":true,)"
      R"("self_video":false,"suppress":true,"request_to_speak_timestamp":null})"));
  EXPECT_EQ(x, (voice_state{guild_id{900}, channel_id{9007199254740993}, user_id{700}, "s", true, false, true,
                            true, true, true}));
}

TEST(VoiceState, GivenLeavingWhenDecodedThenNoChannel) {
  auto x = value_of(
      decode_voice_state(R"({"guild_id":"900","channel_id":null,"user_id":"700","session_id":"s"})"));
  EXPECT_EQ(x.channel, std::nullopt);
  EXPECT_FALSE(x.bot);
}

TEST(VoiceState, GivenMistakesWhenDecodedThenTheFieldIsNamed) {
  EXPECT_EQ(refusal_of(decode_voice_state(R"({"channel_id":"1"})")), "d.user_id: is missing");
  EXPECT_EQ(refusal_of(decode_voice_state(R"({"user_id":7})")), "d.user_id: must be a string");
  EXPECT_EQ(refusal_of(decode_voice_state(R"({"user_id":"7","channel_id":""})")),
            "d.channel_id: must be a snowflake");
  EXPECT_EQ(refusal_of(decode_voice_state(R"({"user_id":"7","suppress":null})")),
            "d.suppress: must be a boolean");
  EXPECT_EQ(refusal_of(decode_voice_state(R"({"user_id":"7","deaf":1})", "")), "deaf: must be a boolean");
}

TEST(VoiceServer, GivenEventsWhenDecodedThenWithAndWithoutEndpoint) {
  auto x = value_of(decode_voice_server(R"({"token":"vt","guild_id":"900","endpoint":"host.example:2048"})"));
  EXPECT_EQ(x.guild, guild_id{900});
  EXPECT_EQ(x.token, "vt");
  EXPECT_EQ(x.endpoint, "host.example:2048");
  EXPECT_EQ(value_of(decode_voice_server(R"({"token":"vt","guild_id":"900","endpoint":null})")).endpoint,
            std::nullopt);
}

TEST(VoiceServer, GivenMistakesWhenDecodedThenTheFieldIsNamedWithoutTheToken) {
  EXPECT_EQ(refusal_of(decode_voice_server(R"({"token":"vt"})")), "d.guild_id: is missing");
  EXPECT_EQ(refusal_of(decode_voice_server(R"({"guild_id":"900"})")), "d.token: is missing");
  EXPECT_EQ(refusal_of(decode_voice_server(R"({"guild_id":"900","token":"secret","endpoint":1})")),
            "d.endpoint: must be a string");
}

} // namespace
} // namespace tutti::tests::discord
