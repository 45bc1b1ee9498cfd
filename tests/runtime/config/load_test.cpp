#include "runtime/config/keys.hpp"
#include "tests/runtime/config/fixture.hpp"

#include <fstream>
#include <set>

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;
using testing::UnorderedElementsAre;

namespace tutti::runtime::config {
namespace {

using Load = ConfigTest;

TEST_F(Load, GivenNothingWhenLoadedThenOneEmbeddedNodeInMemory) {
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.node.name, "local");
  EXPECT_EQ(l.node.host, "127.0.0.1");
  EXPECT_EQ(l.node.http, (endpoint{"127.0.0.1", 3000}));
  EXPECT_EQ(l.node.roles.size(), 6U);
  EXPECT_EQ(l.settings.cluster.coordination, provider::memory);
  EXPECT_EQ(l.settings.queue.provider, provider::memory);
  EXPECT_EQ(l.settings.store.provider, store_provider::memory);
  EXPECT_EQ(l.settings.nodes.size(), 1U);
  EXPECT_EQ(l.settings.log.format, log_format::json);
  for (auto& o : l.origins)
    EXPECT_EQ(o.source, "default") << o.key;
  options.terminal = true;
  EXPECT_EQ(load_env().settings.log.format, log_format::console);
  options.node = "x";
  EXPECT_EQ(load_env().node.name, "x");
}

const char* three_nodes = R"(
[cluster]
name = "music"
seeds = ["127.0.0.1:4700", "[::1]:4710"]
partitions = 512
lease_ttl = "2s"
[cluster.tls]
mode = "off"
[redis]
url = "redis://:pa%2Fss@127.0.0.1:6379/1"
[postgres]
url = "postgres://tutti:pgpass@127.0.0.1/tutti"
[http]
threads = 4
idle_timeout = "1m"
rate_limit = 12.5
[queues.default]
concurrency = 10
[queues."player-commands"]
rate = 2.5
burst = 5
[[node]]
name = "a"
port = 4700
http = "127.0.0.1:3000"
[[node]]
name = "b"
port = 4710
http = "127.0.0.1:3001"
roles = ["worker", "api"]
[[node]]
name = "c"
host = "localhost"
port = 4720
http = "127.0.0.1:3002"
)";

TEST_F(Load, GivenClusterFileWhenLoadedThenEveryValueAndItsLine) {
  options.node = "b";
  auto l = load_text(three_nodes);
  ASSERT_EQ(mistakes(l), "");
  auto& s = l.settings;
  EXPECT_EQ(s.cluster.name, "music");
  EXPECT_EQ(s.cluster.seeds, (std::vector<endpoint>{{"127.0.0.1", 4700}, {"::1", 4710}}));
  EXPECT_EQ(s.cluster.partitions, 512U);
  EXPECT_EQ(s.cluster.lease_ttl, 2s);
  EXPECT_EQ(s.cluster.coordination, provider::redis) << "default of several nodes";
  EXPECT_EQ(s.queue.provider, provider::redis);
  EXPECT_EQ(s.store.provider, store_provider::postgres);
  EXPECT_EQ(s.http.threads, 4U);
  EXPECT_EQ(s.http.idle_timeout, 60s);
  EXPECT_EQ(s.http.rate_limit, 12.5);
  EXPECT_EQ(s.queues.at("default").concurrency, 10U);
  EXPECT_EQ(s.queues.at("player-commands").rate, 2.5);
  EXPECT_EQ(s.nodes.size(), 3U);
  EXPECT_EQ(l.node.name, "b");
  EXPECT_EQ(l.node.roles, (std::vector{role::worker, role::api}));
  EXPECT_TRUE(l.node.has(role::api));
  EXPECT_FALSE(l.node.has(role::shard));
  auto file = (folder / "cluster.toml").string();
  EXPECT_EQ(origin_of(l, "cluster.name").source, file + ":3");
  EXPECT_EQ(origin_of(l, "cluster.tls.mode").source, file + ":8");
  EXPECT_EQ(origin_of(l, "queues.player-commands.burst").source, file + ":21");
  EXPECT_EQ(origin_of(l, "node.b.roles").source, file + ":30");
  EXPECT_EQ(origin_of(l, "node.b.roles").value, "worker, api");
  EXPECT_EQ(origin_of(l, "node.b.host").source, "default");
  EXPECT_EQ(origin_of(l, "cluster.seeds").value, "127.0.0.1:4700, [::1]:4710");
  EXPECT_EQ(origin_of(l, "redis.url").value, "redis://***@127.0.0.1:6379/1");
}

TEST_F(Load, GivenFileAndEnvironmentWhenBothSetAKeyThenEnvironmentWins) {
  env = {{"TUTTI_HTTP_IDLE_TIMEOUT", "90s"}, {"TUTTI_CLUSTER_PARTITIONS", "64"}};
  auto l = load_text("[http]\nidle_timeout = \"10s\"\nbody_timeout = \"7s\"\n");
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.settings.http.idle_timeout, 90s);
  EXPECT_EQ(l.settings.http.body_timeout, 7s);
  EXPECT_EQ(origin_of(l, "http.idle_timeout").source, "environment TUTTI_HTTP_IDLE_TIMEOUT");
  EXPECT_EQ(origin_of(l, "http.idle_timeout").value, "90s");
}

TEST_F(Load, GivenOneNodeInFileWhenNoNameGivenThenThatOne) {
  auto l = load_text("[[node]]\nname = \"only\"\nport = 5000\n");
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.node.name, "only");
  EXPECT_EQ(l.node.port, 5000);
  EXPECT_EQ(l.settings.queue.provider, provider::memory);
}

TEST_F(Load, GivenNodeNameInEnvironmentWhenLoadedThenCommandLineStillWins) {
  env = {{"TUTTI_NODE_NAME", "a"}};
  EXPECT_EQ(load_text(three_nodes).node.name, "a");
  options.node = "c";
  EXPECT_EQ(load_text(three_nodes).node.name, "c");
}

TEST_F(Load, GivenCheckOnlyWhenNoNodeChosenThenWholeFileChecked) {
  options.any_node = true;
  EXPECT_EQ(mistakes(load_text(three_nodes)), "");
}

TEST_F(Load, GivenSecretsWhenLoadedThenListedAndNeverShown) {
  std::string nodes =
      R"([{"id":"m","url":"http://127.0.0.1:2333","password":"lava-node","sessionId":"sess-1"}])";
  std::string key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  env = {{"ADMIN_API_TOKEN", "admin-1"},          {"REDIS_URL", "rediss://u:re%40dis@h"},
         {"DATABASE_URL", "postgres://u:pgpw@h"}, {"TOKEN_STORE_ENCRYPTION_KEY", key},
         {"SPOTIFY_CLIENT_SECRET", "spot-1"},     {"LAVALINK_NODES", nodes},
         {"LAVALINK_PASSWORD", "lava-all"},       {"DISCORD_MASTER_TOKEN", "disc-0"},
         {"DISCORD_WORKER_TOKEN_1", "disc-1"},    {"DISCORD_WORKER_TOKEN_2", "disc-2"},
         {"APPLE_MUSIC_KEY", "apple-1"},          {"TOKEN_API_KEY", "tapi-1"}};
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  auto secrets = secret_values(l.settings);
  EXPECT_THAT(secrets,
              UnorderedElementsAre("admin-1", "re%40dis", "re@dis", "pgpw", key, "spot-1", "lava-node",
                                   "sess-1", "lava-all", "disc-0", "disc-1", "disc-2", "apple-1", "tapi-1"));
  for (auto& o : l.origins)
    for (auto& secret : secrets)
      EXPECT_THAT(o.value, Not(testing::HasSubstr(secret))) << o.key;
  EXPECT_EQ(origin_of(l, "http.admin_token").value, "***");
  EXPECT_EQ(origin_of(l, "discord.worker_tokens").value, "***, ***");
  EXPECT_EQ(origin_of(l, "lavalink.nodes").value, "***");
}

TEST_F(Load, GivenEveryKeyOfTheTableWhenItsDefaultIsWrittenToAFileThenItIsReadBack) {
  // Each row's own text must be acceptable to itself: checks the table, and that no path is there twice.
  settings s;
  std::set<std::string_view> paths;
  std::set<std::string> variables;
  for (auto& row : setting_keys()) {
    EXPECT_TRUE(paths.insert(row.path).second) << row.path;
    EXPECT_TRUE(variables.insert(row.env.empty() ? tutti_variable(row.path) : std::string{row.env}).second);
    auto texts = row.texts(s);
    if (texts.size() != 1)
      continue; // an empty list
    raw value{texts.front(), true};
    EXPECT_EQ(row.assign(s, value), "") << row.path;
    EXPECT_EQ(row.texts(s), texts) << row.path;
  }
  EXPECT_GT(paths.size(), 55U);
}

TEST_F(Load, GivenProcessEnvironmentWhenReadThenHasItsVariables) {
  ASSERT_EQ(::setenv("TUTTI_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(process_environment().at("TUTTI_TEST_VARIABLE"), "a=b");
  ::unsetenv("TUTTI_TEST_VARIABLE");
}

} // namespace
} // namespace tutti::runtime::config
