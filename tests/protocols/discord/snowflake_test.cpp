#include "protocols/discord/fingerprint.hpp"
#include "protocols/discord/intents.hpp"
#include "protocols/discord/sharding.hpp"
#include "protocols/discord/snowflake.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(Snowflake, GivenDecimalWhenParsedThenAll64Bits) {
  EXPECT_EQ(parse_snowflake("1"), 1u);
  EXPECT_EQ(parse_snowflake("9007199254740993"), 9007199254740993u); // 2^53 + 1
  EXPECT_EQ(parse_snowflake("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(to_string(guild_id{UINT64_MAX}), "18446744073709551615");
}

TEST(Snowflake, GivenAnythingElseWhenParsedThenNothing) {
  for (std::string_view text : {"", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "abc",
                                "18446744073709551616", "99999999999999999999"})
    EXPECT_EQ(parse_snowflake(text), std::nullopt) << text;
  EXPECT_EQ(parse_snowflake(std::string_view{"1\0", 2}), std::nullopt);
}

TEST(Snowflake, GivenIdWhenAskedForItsTimeThenMilliseconds) {
  // (id >> 22) + 1420070400000, the example of Discord's documentation
  EXPECT_EQ((message_id{175928847299117063}.created_ms()), 1462015105796);
  EXPECT_EQ((message_id{UINT64_MAX}.created_ms()), 1420070400000 + ((std::int64_t{1} << 42) - 1));
}

TEST(Sharding, GivenGuildsWhenPlacedThenByTheirTopBitsUnsigned) {
  EXPECT_EQ(shard_of(guild_id{700000000000000001}, 4), (700000000000000001 >> 22) % 4);
  EXPECT_EQ(shard_of(guild_id{UINT64_MAX}, 16), 15u);
  EXPECT_EQ(shard_of(guild_id{1}, 16), 0u);
  EXPECT_EQ(identify_bucket(17, 16), 1u);
  EXPECT_EQ(identify_bucket(17, 1), 0u);
}

TEST(Intents, GivenMusicBotWhenAskedThen129) {
  EXPECT_EQ(music_intents, 129u);
}

TEST(Fingerprint, GivenTextsWhenTakenThenThePublishedValues) {
  EXPECT_EQ(fingerprint(""), "cbf29ce484222325");
  EXPECT_EQ(fingerprint("a"), "af63dc4c8601ec8c");
  EXPECT_EQ(fingerprint("foobar"), "85944171f73967e8");
}

} // namespace
} // namespace tutti::tests::discord
