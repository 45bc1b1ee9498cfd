#include "protocols/discord/gateway/outgoing.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <rapidjson/document.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

TEST(Outgoing, GivenIdentifyWhenEncodedThenAsDocumented) {
  EXPECT_EQ(value_of(encode(identify{"EXAMPLE", 129, {0, 4}, {}})),
            R"({"op":2,"d":{"token":"EXAMPLE","intents":129,"properties":{"os":"linux","browser":"tutti",)"
            R"("device":"tutti"},"shard":[0,4],"large_threshold":50}})");
}

TEST(Outgoing, GivenPresenceWhenEncodedThenAloneAndWithinIdentify) {
  presence shown{presence::status::idle, "the \"mix\"", presence::activity::listening};
  const std::string content =
      R"({"since":null,"activities":[{"name":"the \"mix\"","type":2}],"status":"idle","afk":false})";
  EXPECT_EQ(value_of(encode(shown)), R"({"op":3,"d":)" + content + "}");
  auto whole = parsed(value_of(encode(identify{"t", 0, {}, shown})));
  EXPECT_STREQ(whole["d"]["presence"]["status"].GetString(), "idle");
  EXPECT_EQ(value_of(encode(presence{presence::status::dnd, "", {}})),
            R"({"op":3,"d":{"since":null,"activities":[],"status":"dnd","afk":false}})");
  EXPECT_EQ(refusal_of(encode(presence{{}, std::string(129, 'x'), {}})),
            "activities[0].name: must have at most 128 characters");
}

TEST(Outgoing, GivenResumeWhenEncodedThenAsDocumented) {
  EXPECT_EQ(value_of(encode(resume{"EXAMPLE", "abc", 1337})),
            R"({"op":6,"d":{"token":"EXAMPLE","session_id":"abc","seq":1337}})");
}

TEST(Outgoing, GivenHeartbeatWhenEncodedThenTheLastSequenceOrNull) {
  EXPECT_EQ(encode_heartbeat(std::nullopt), R"({"op":1,"d":null})");
  EXPECT_EQ(encode_heartbeat(251), R"({"op":1,"d":251})");
}

TEST(Outgoing, GivenVoiceStateWhenEncodedThenIdsAreStrings) {
  EXPECT_EQ(value_of(encode(voice_state_request{guild_id{UINT64_MAX}, channel_id{9007199254740993}})),
            R"({"op":4,"d":{"guild_id":"18446744073709551615","channel_id":"9007199254740993",)"
            R"("self_mute":false,"self_deaf":true}})");
  EXPECT_EQ(value_of(encode(voice_state_request{guild_id{1}, {}, true, false})),
            R"({"op":4,"d":{"guild_id":"1","channel_id":null,"self_mute":true,"self_deaf":false}})");
}

TEST(Outgoing, GivenValuesOutOfBoundsWhenEncodedThenTheFieldIsNamed) {
  EXPECT_EQ(refusal_of(encode(identify{"", 0, {}, {}})), "token: must not be empty");
  EXPECT_EQ(refusal_of(encode(identify{"t", 0, {4, 4}, {}})),
            "shard: must be less than the number of shards");
  EXPECT_EQ(refusal_of(encode(resume{"t", "", 1})), "session_id: must not be empty");
  EXPECT_EQ(refusal_of(encode(resume{"t", "s", -1})), "seq: must not be negative");
  EXPECT_EQ(refusal_of(encode(voice_state_request{})), "guild_id: is missing");
  EXPECT_EQ(refusal_of(encode(voice_state_request{guild_id{1}, channel_id{}})),
            "channel_id: must be a snowflake");
}

TEST(Outgoing, GivenFrameAtTheLimitWhenEncodedThenSentAndOneByteMoreRefusedWithoutTheToken) {
  const std::size_t around = value_of(encode(resume{"x", "s", 1})).size() - 1;
  const std::string token(max_sent_frame_bytes - around, 'T');
  EXPECT_EQ(value_of(encode(resume{token, "s", 1})).size(), max_sent_frame_bytes);
  EXPECT_EQ(refusal_of(encode(resume{token + "T", "s", 1})), "is longer than 4096 bytes");
}

} // namespace
} // namespace tutti::tests::discord
