#include "services/sim/main/options.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using tutti::services::sim::parse_options;

TEST(SimOptions, GivenContractsFlagsWhenReadThenAllAreThere) {
  auto read =
      parse_options({"--discord", "127.0.0.1:4000", "--control", "localhost:0", "--seed", "7", "--bot-token",
                     "a", "--bot-token", "b", "--guilds", "3", "--shards", "2", "--max-concurrency", "16"});
  ASSERT_EQ(read.error, "");
  auto& discord = read.options.discord.value();
  EXPECT_EQ(discord.host, "127.0.0.1");
  EXPECT_EQ(discord.port, 4000);
  EXPECT_EQ(discord.tokens, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(discord.world.guilds, 3u);
  EXPECT_EQ(discord.shards, 2u);
  EXPECT_EQ(discord.max_concurrency, 16u);
  EXPECT_EQ(discord.heartbeat, 41'250ms);
  EXPECT_EQ(read.options.control->host, "127.0.0.1");
  EXPECT_EQ(read.options.seed, 7u);
}

TEST(SimOptions, GivenFastWhenHeartbeatIsNamedThenItStands) {
  EXPECT_EQ(parse_options({"--discord", "h:0", "--heartbeat-ms", "500", "--fast"}).options.discord->heartbeat,
            500ms);
  auto fast = parse_options({"--fast", "--discord", "h:0"}).options.discord;
  EXPECT_EQ(fast->heartbeat, 2s);
  EXPECT_LE(fast->voice_delay_max, 10ms);
  EXPECT_EQ(fast->tokens, std::vector<std::string>{"sim-token"});
}

TEST(SimOptions, GivenServiceThatIsNotThereWhenNamedThenUsageErrorSaysSo) {
  for (std::string name : {"--lavalink", "--spotify", "--apple-music"})
    EXPECT_EQ(parse_options({name, "127.0.0.1:0"}).error, name + ": this service is not simulated yet");
}

TEST(SimOptions, GivenMistakesWhenReadThenOneLineSaysWhich) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{}, "nothing to serve: name a service"},
      {{"--discord"}, "--discord needs a value"},
      {{"--discord", "4000"}, "--discord needs HOST:PORT"},
      {{"--discord", ":4000"}, "--discord needs HOST:PORT"},
      {{"--discord", "h:70000"}, "--discord needs HOST:PORT"},
      {{"--guilds", "0"}, "--guilds must be 1 to 1000000"},
      {{"--guilds", "x"}, "--guilds must be 1 to 1000000"},
      {{"--bot-token", ""}, "--bot-token needs a token"},
      {{"--nothing"}, "unknown argument --nothing"},
  };
  for (auto& [arguments, error] : cases)
    EXPECT_EQ(parse_options(arguments).error, error);
}

} // namespace
