#include "services/sim/discord/model/ids.hpp"
#include "services/sim/discord/model/permissions.hpp"
#include "services/sim/discord/model/world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::sim::discord;

TEST(Ids, GivenTextsWhenParsedThenOnlyDecimalSnowflakes) {
  EXPECT_EQ(parse_id("700000000000000001"), 700'000'000'000'000'001u);
  EXPECT_EQ(parse_id("18446744073709551615"), UINT64_MAX);
  for (auto* text : {"", "0", "01", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"})
    EXPECT_FALSE(parse_id(text)) << text;
}

TEST(Ids, GivenManyWhenMadeThenTheyRise) {
  snowflakes ids;
  auto last = ids.next();
  for (int i = 0; i < 10'000; ++i) {
    auto next = ids.next();
    ASSERT_GT(next, last);
    last = next;
  }
}

TEST(World, GivenGuildStepWhenSpreadThenNeighboursAreInDifferentShards) {
  world_options options;
  options.guilds = 16;
  options.guild_step = 1 << 22;
  world all{options};
  std::vector<int> shards(16);
  for (auto& one : all.guilds())
    ++shards[(one.id >> 22) % 16];
  EXPECT_EQ(shards, std::vector<int>(16, 1));
}

TEST(World, GivenIdsWhenLookedUpThenOnlyThoseOfTheWorld) {
  world_options options;
  options.guilds = 3;
  options.guild_step = 10;
  options.users = 5;
  world all{options};
  EXPECT_EQ(all.find_guild(first_guild + 20)->index, 2u);
  for (auto id : {first_guild - 1, first_guild + 1, first_guild + 30, std::uint64_t{0}})
    EXPECT_EQ(all.find_guild(id), nullptr);
  auto lounge = all.channel_id(all.guilds()[2], channel_slot::lounge);
  EXPECT_EQ(all.guild_of_channel(lounge), &all.guilds()[2]);
  EXPECT_FALSE(all.has_channel(all.guilds()[1], lounge));
  EXPECT_EQ(all.guild_of_channel(first_channel + 500), nullptr);
  EXPECT_TRUE(all.is_member(first_user + 4));
  EXPECT_FALSE(all.is_member(first_user + 5));
}

TEST(World, GivenOverwritesWhenComputedThenTheyMatchWhatGuildCreateSays) {
  world all{world_options{}};
  auto& one = all.guilds()[0];
  auto plain = first_user + 9;
  for (std::size_t slot = 0; slot < 8; ++slot) {
    auto id = all.channel_id(one, static_cast<channel_slot>(slot));
    auto channel = all.channel(one, id);
    std::uint64_t denied = 0;
    for (auto& overwrite : channel["permission_overwrites"].items())
      denied |= *parse_id(overwrite["deny"].text());
    EXPECT_EQ(all.permissions(one, plain, id), permission::everyone & ~denied) << slot;
    EXPECT_EQ(all.permissions(one, first_user, id), permission::everything);
    EXPECT_EQ(all.is_voice(id), channel["type"].integer() == 2 || channel["type"].integer() == 13);
    EXPECT_EQ(static_cast<std::int64_t>(all.user_limit(id)), channel["user_limit"].integer(0));
  }
}

} // namespace
