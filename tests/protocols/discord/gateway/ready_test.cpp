#include "protocols/discord/gateway/ready.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <string>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

const std::string whole_ready =
    R"({"v":10,"user":{"id":"18446744073709551615","username":"tutti","bot":true,"avatar":null},)"
    R"("guilds":[{"id":"900000000000000001","unavailable":true},{"unavailable":true,"id":"9007199254740993"}],)"
    R"("session_id":"abc","resume_gateway_url":"wss://gw.example","shard":[1,4],"private_channels":[],)"
    R"("application":{"flags":565248,"id":"800000000000000001"},"_trace":["x"]})";

/// Without one member of the top level.
std::string without(std::string_view member) {
  auto text = whole_ready;
  auto at = text.find("\"" + std::string{member} + "\":");
  return text.replace(at + 1, member.size(), "zzz");
}

TEST(Ready, GivenWholeEventWhenDecodedThenAllIsThere) {
  auto x = value_of(decode_ready(whole_ready));
  EXPECT_EQ(x.user.value, UINT64_MAX);
  EXPECT_EQ(x.username, "tutti");
  EXPECT_EQ(x.application.value, 800000000000000001u);
  EXPECT_EQ(x.session_id, "abc");
  EXPECT_EQ(x.resume_gateway_url, "wss://gw.example");
  EXPECT_EQ(x.shard, (shard_ref{1, 4}));
  EXPECT_EQ(x.guilds, (std::vector<guild_id>{guild_id{900000000000000001}, guild_id{9007199254740993}}));
}

TEST(Ready, GivenFieldMissingWhenDecodedThenItIsNamed) {
  for (auto name : {"user", "guilds", "session_id", "resume_gateway_url", "application"})
    EXPECT_EQ(refusal_of(decode_ready(without(name))), std::string{"d."} + name + ": is missing");
  EXPECT_EQ(value_of(decode_ready(without("shard"))).shard, std::nullopt);
}

TEST(Ready, GivenWrongTypesWhenDecodedThenTheFieldIsNamed) {
  auto with = [](std::string_view old, std::string_view now) {
    auto text = whole_ready;
    return text.replace(text.find(old), old.size(), now);
  };
  EXPECT_EQ(refusal_of(decode_ready(with("\"9007199254740993\"", "9007199254740993"))),
            "d.guilds[1].id: must be a string");
  EXPECT_EQ(refusal_of(decode_ready(with("\"900000000000000001\"", "\"9e3\""))),
            "d.guilds[0].id: must be a snowflake");
  EXPECT_EQ(refusal_of(decode_ready(with("[1,4]", "[4,4]"))), "d.shard: must be [shard, number of shards]");
  EXPECT_EQ(refusal_of(decode_ready(with("[1,4]", "[1]"))), "d.shard: must be [shard, number of shards]");
  EXPECT_EQ(refusal_of(decode_ready(with("[1,4]", "[-1,4]"))), "d.shard[0]: is out of range");
  EXPECT_EQ(refusal_of(decode_ready(with("\"abc\"", "5"))), "d.session_id: must be a string");
}

TEST(Ready, GivenEveryTruncationWhenDecodedThenRefused) {
  for (std::size_t n = 0; n < whole_ready.size(); ++n)
    EXPECT_NE(refusal_of(decode_ready(whole_ready.substr(0, n))), "") << n;
}

} // namespace
} // namespace tutti::tests::discord
