#include "protocols/discord/permissions.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;
using enum permission;

constexpr guild_id server{900};
constexpr user_id boss{1}, member{2};
constexpr role_id dj{50}, muted{51}, admin{52};

struct ChannelPermissions : testing::Test {
  std::vector<role> roles{
      {role_id{server.value}, "@everyone", permissions_of(view_channel, connect)},
      {dj, "DJ", permissions_of(speak)},
      {muted, "Muted", {}},
      {admin, "Admin", permissions_of(administrator)},
  };
  std::vector<role_id> has;
  bool timed_out = false;

  permission_set in(std::vector<overwrite> overwrites, user_id who = member) const {
    return channel_permissions({server, boss, roles, who, has, timed_out}, overwrites);
  }
  static overwrite of_role(std::uint64_t id, permission_set allow, permission_set deny) {
    return {id, overwrite::target::role, allow, deny};
  }
  static overwrite of_member(user_id id, permission_set allow, permission_set deny) {
    return {id.value, overwrite::target::member, allow, deny};
  }
};

TEST_F(ChannelPermissions, GivenRolesWhenNoOverwriteThenTheirSum) {
  EXPECT_EQ(in({}), permissions_of(view_channel, connect));
  has = {dj, muted};
  EXPECT_EQ(in({}), permissions_of(view_channel, connect, speak));
}

TEST_F(ChannelPermissions, GivenOwnerOrAdministratorWhenAllIsDeniedThenStillAll) {
  const std::vector<overwrite> nothing{of_role(server.value, {}, all_permissions),
                                       of_member(boss, {}, all_permissions),
                                       of_member(member, {}, all_permissions)};
  timed_out = true;
  EXPECT_EQ(in(nothing, boss), all_permissions);
  has = {admin};
  EXPECT_EQ(in(nothing), all_permissions);
}

TEST_F(ChannelPermissions, GivenEveryoneDeniedWhenARoleAllowsThenAllowed) {
  has = {dj};
  EXPECT_TRUE(
      in({of_role(server.value, {}, permissions_of(connect)), of_role(dj.value, permissions_of(connect), {})})
          .has(connect));
}

TEST_F(ChannelPermissions, GivenOneRoleDeniesAndAnotherAllowsWhenBothAreHeldThenAllowedInAnyOrder) {
  has = {dj, muted};
  auto denies = of_role(muted.value, {}, permissions_of(speak));
  auto allows = of_role(dj.value, permissions_of(speak), {});
  EXPECT_TRUE(in({denies, allows}).has(speak));
  EXPECT_TRUE(in({allows, denies}).has(speak));
  EXPECT_FALSE(in({denies}).has(speak));
}

TEST_F(ChannelPermissions, GivenOwnOverwriteWhenRolesSayOtherwiseThenItWins) {
  has = {dj};
  EXPECT_FALSE(
      in({of_member(member, {}, permissions_of(speak)), of_role(dj.value, permissions_of(speak), {})})
          .has(speak));
  EXPECT_TRUE(in({of_member(member, permissions_of(move_members), {})}).has(move_members));
  EXPECT_FALSE(in({of_member(boss, permissions_of(move_members), {})}).has(move_members)) << "another's";
}

TEST_F(ChannelPermissions, GivenOverwriteOfAMemberWithARolesIdWhenAskedThenItIsNotTheRoles) {
  has = {dj};
  EXPECT_FALSE(in({{dj.value, overwrite::target::member, permissions_of(stream), {}}}).has(stream));
}

TEST_F(ChannelPermissions, GivenChannelThatCannotBeSeenWhenAskedThenNothing) {
  has = {dj};
  EXPECT_EQ(in({of_role(server.value, {}, permissions_of(view_channel))}), permission_set{});
}

TEST_F(ChannelPermissions, GivenTimeoutWhenAskedThenOnlyReading) {
  has = {dj};
  roles[0].permissions = permissions_of(view_channel, read_message_history, connect);
  timed_out = true;
  EXPECT_EQ(in({}), permissions_of(view_channel, read_message_history));
  EXPECT_EQ(guild_permissions({server, boss, roles, member, has, true}),
            permissions_of(view_channel, read_message_history));
  EXPECT_EQ(guild_permissions({server, boss, roles, member, has, false}),
            permissions_of(view_channel, read_message_history, connect, speak));
}

TEST(Permissions, GivenTextWhenParsedThenBitsAndBeyond64TheLowOnes) {
  EXPECT_EQ(parse_permissions("2147483648")->bits, 2147483648u);
  EXPECT_EQ(parse_permissions("0")->bits, 0u);
  EXPECT_EQ(parse_permissions("18446744073709551615")->bits, UINT64_MAX);
  EXPECT_EQ(parse_permissions("36893488147419103233")->bits, 1u); // 2^65 + 1
  for (std::string_view text : {"", "-1", "1 ", "0x8", "1e3"})
    EXPECT_EQ(parse_permissions(text), std::nullopt) << text;
  EXPECT_EQ(parse_permissions(std::string(65, '1')), std::nullopt);
}

TEST(Permissions, GivenSetWhenNamedThenAsDiscordShowsThem) {
  EXPECT_EQ(words(permissions_of(view_channel, connect, speak)), "View Channel, Connect, Speak");
  EXPECT_EQ(words({(std::uint64_t{1} << 63) | (std::uint64_t{1} << 47)}), "permission 47, permission 63");
  EXPECT_EQ(words(permissions_of(bypass_slowmode, pin_messages)), "Pin Messages, Bypass Slowmode");
  EXPECT_EQ(words({}), "");
}

} // namespace
} // namespace tutti::tests::discord
