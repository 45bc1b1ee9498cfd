#include "runtime/config/keys.hpp"
#include "tests/runtime/config/fixture.hpp"

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace tutti::runtime::config {
namespace {

using Environment = ConfigTest;

struct name_case {
  const char* name;
  const char* value;
  const char* key;
  const char* shown;
};

const std::string pem = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n";

// Section 6 of the design, in its order.
const name_case known_names[] = {
    {"QUEUE_PROVIDER", "postgres", "queue.provider", "postgres"},
    {"REDIS_URL", "redis://u:pw@127.0.0.1:6379", "redis.url", "redis://***@127.0.0.1:6379"},
    {"REDIS_KEY_PREFIX", "music:", "redis.key_prefix", "music:"},
    {"DATABASE_URL", "postgresql:///tutti", "postgres.url", "postgresql:///tutti"},
    {"TOKEN_STORE_PROVIDER", "encrypted-file", "token_store.provider", "encrypted-file"},
    {"TOKEN_STORE_FILE", "./.tokens.json", "token_store.file", "./.tokens.json"},
    {"TOKEN_STORE_ENCRYPTION_KEY",
     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "token_store.encryption_key", "***"},
    {"ADMIN_API_TOKEN", "secret", "http.admin_token", "***"},
    {"SPOTIFY_MOCK_MODE", "FALSE", "spotify.mock_mode", "false"},
    {"SPOTIFY_CLIENT_ID", "id", "spotify.client_id", "id"},
    {"SPOTIFY_CLIENT_SECRET", "secret", "spotify.client_secret", "***"},
    {"SPOTIFY_REDIRECT_URI", "rundj://callback", "spotify.redirect_uri", "rundj://callback"},
    {"SPOTIFY_MAX_RETRIES", "7", "spotify.max_retries", "7"},
    {"SPOTIFY_RETRY_BASE_MS", "250", "spotify.retry_base", "250ms"},
    {"LAVALINK_NODES",
     R"([{"id":"main","url":"http://127.0.0.1:2333","password":"youshallnotpass","sessionId":"abc123"}])",
     "lavalink.nodes", "***"},
    {"LAVALINK_DEFAULT_SOURCE", "ytsearch", "lavalink.default_source", "ytsearch"},
    {"LAVALINK_PASSWORD", "youshallnotpass", "lavalink.password", "***"},
    {"DISCORD_MASTER_TOKEN", "t0", "discord.master_token", "***"},
    {"DISCORD_WORKER_TOKEN_1", "t1", "discord.worker_tokens", "***"},
    {"APPLE_MUSIC_KEY", "ready-token", "apple_music.key", "***"},
    {"APPLE_MUSIC_KEY_ID", "ABC123", "apple_music.key_id", "ABC123"},
    {"APPLE_MUSIC_TEAM_ID", "DEF456", "apple_music.team_id", "DEF456"},
    {"TOKEN_URL", "https://tokens.example/api", "token_api.url", "https://tokens.example/api"},
    {"TOKEN_API_KEY", "k", "token_api.key", "***"},
    {"OTLP_ENDPOINT", "http://127.0.0.1:4318", "otlp.endpoint", "http://127.0.0.1:4318"},
    {"PORT", "8080", "node.local.http", "127.0.0.1:8080"},
    {"LOG_LEVEL", "WARN", "log.level", "warn"},
    {"METRICS_PORT", "9091", "metrics.port", "9091"},
    {"DEBUG", "true", "log.level", "debug"},
    {"DISCORD_API_URL", "http://127.0.0.1:1", "discord.api_url", "http://127.0.0.1:1"},
    {"DISCORD_GATEWAY_URL", "ws://127.0.0.1:1", "discord.gateway_url", "ws://127.0.0.1:1"},
    {"SPOTIFY_API_URL", "http://127.0.0.1:2", "spotify.api_url", "http://127.0.0.1:2"},
    {"SPOTIFY_ACCOUNTS_URL", "http://127.0.0.1:3", "spotify.accounts_url", "http://127.0.0.1:3"},
    {"APPLE_MUSIC_API_URL", "http://127.0.0.1:4", "apple_music.api_url", "http://127.0.0.1:4"},
};

TEST_F(Environment, GivenEachKnownNameWhenSetThenItsKeyHasTheValue) {
  for (auto& [name, value, key, shown] : known_names) {
    env = {{name, value}};
    auto l = load_env();
    EXPECT_EQ(origin_of(l, key).value, shown) << name;
    EXPECT_EQ(origin_of(l, key).source, std::string{"environment "} + name);
  }
}

TEST_F(Environment, GivenEachKnownNameWhenGivenAsFileThenItsContentWithoutOneNewline) {
  for (auto& [name, value, key, shown] : known_names) {
    auto path = write(name, std::string{value} + "\n").string();
    env = {{std::string{name} + "_FILE", path}};
    auto l = load_env();
    EXPECT_EQ(origin_of(l, key).value, shown) << name;
    EXPECT_EQ(origin_of(l, key).source, "file " + path + " (" + name + "_FILE)");
  }
}

TEST_F(Environment, GivenEveryOtherKeyWhenSetByItsOwnVariableThenTaken) {
  settings defaults;
  for (auto& row : setting_keys()) {
    if (!row.env.empty() || row.texts(defaults).size() != 1 || row.texts(defaults).front().empty())
      continue;
    auto name = tutti_variable(row.path);
    env = {{name, row.texts(defaults).front()}};
    EXPECT_EQ(origin_of(load_env(), row.path).source, "environment " + name);
  }
  env = {{"TUTTI_CLUSTER_TLS_MODE", "off"},
         {"TUTTI_CLUSTER_SEEDS", "127.0.0.1:1, [::1]:2"},
         {"TUTTI_JOBS_CLAIM_TTL", "10s"},
         {"TUTTI_CLUSTER_TLS_KEY", "/k.pem"}};
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.settings.cluster.tls.mode, tls_mode::off);
  EXPECT_EQ(l.settings.cluster.seeds.size(), 2U);
  EXPECT_EQ(l.settings.jobs.claim_ttl, 10s);
}

TEST_F(Environment, GivenWorkerTokensWhenNumberedThenInNumericOrder) {
  env = {{"DISCORD_WORKER_TOKEN_10", "ten"},
         {"DISCORD_WORKER_TOKEN_2", "two"},
         {"DISCORD_WORKER_TOKEN_1", ""},
         {"DISCORD_WORKER_TOKEN_X", "no"},
         {"DISCORD_WORKER_TOKEN_3_FILE", write("t", "three\n").string()}};
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  EXPECT_THAT(l.settings.discord.worker_tokens, ElementsAre("two", "three", "ten"));
}

TEST_F(Environment, GivenDebugAndLogLevelWhenBothSetThenLogLevelWins) {
  env = {{"DEBUG", "1"}, {"LOG_LEVEL", "error"}};
  EXPECT_EQ(load_env().settings.log.level, log_level::error);
  for (auto* no : {"0", "false", "No", "off", ""}) {
    env = {{"DEBUG", no}};
    EXPECT_EQ(load_env().settings.log.level, log_level::info) << no;
  }
  for (auto* yes : {"1", "TRUE", "app:*"}) {
    env = {{"DEBUG", yes}};
    EXPECT_EQ(load_env().settings.log.level, log_level::debug) << yes;
  }
}

TEST_F(Environment, GivenStandardOtlpNameWhenBothSetThenItWins) {
  env = {{"OTLP_ENDPOINT", "http://a"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://b"}};
  EXPECT_EQ(load_env().settings.otlp.endpoint, "http://b");
}

TEST_F(Environment, GivenEmptyVariableWhenLoadedThenAsIfNotSet) {
  env = {{"REDIS_URL", ""}, {"TUTTI_HTTP_THREADS", ""}, {"LOG_LEVEL", ""}};
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(origin_of(l, "log.level").source, "default");
}

TEST_F(Environment, GivenQueueVariablesWhenLoadedThenForTheFilesSpellingOrLowerCase) {
  env = {{"TUTTI_QUEUES_PLAYER_COMMANDS_RATE", "2.5"},
         {"TUTTI_QUEUES_NEW_ONE_CONCURRENCY", "3"},
         {"TUTTI_QUEUES_NEW_ONE_BURST_FILE", write("b", "9\n").string()}};
  auto l = load_text("[queues.player-commands]\nrate = 1\nburst = 4\n");
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.settings.queues.size(), 2U);
  EXPECT_EQ(l.settings.queues.at("player-commands").rate, 2.5);
  EXPECT_EQ(l.settings.queues.at("player-commands").burst, 4U);
  EXPECT_EQ(l.settings.queues.at("new_one").concurrency, 3U);
  EXPECT_EQ(l.settings.queues.at("new_one").burst, 9U);
  env = {{"TUTTI_QUEUES_A_RATE", "-1"}};
  EXPECT_EQ(
      mistakes(load_env()),
      "environment TUTTI_QUEUES_A_RATE: queues.a.rate: must be a number from 0 to 1000000, is \"-1\"\n");
}

TEST_F(Environment, GivenNodeVariablesWhenLoadedThenForThisNodeOnly) {
  env = {{"TUTTI_NODE_HTTP", "127.0.0.1:4000"},
         {"PORT", "4001"},
         {"TUTTI_NODE_ROLES", "api,worker"},
         {"TUTTI_NODE_PORT", "4800"},
         {"TUTTI_NODE_NAME", "b"},
         {"REDIS_URL", "redis://h"},
         {"DATABASE_URL", "postgres://h"},
         {"TUTTI_CLUSTER_TLS_MODE", "off"}};
  auto l = load_text("[[node]]\nname = \"a\"\n[[node]]\nname = \"b\"\nhttp = \"127.0.0.1:1\"\n");
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.node.http, (endpoint{"127.0.0.1", 4001}));
  EXPECT_EQ(l.node.roles.size(), 2U);
  EXPECT_EQ(l.settings.nodes[0].http.port, 3000);
  EXPECT_EQ(l.settings.nodes[1].port, 4800);
}

TEST_F(Environment, GivenVariableAndItsFileWhenBothSetThenMistake) {
  env = {{"ADMIN_API_TOKEN", "visible-secret"},
         {"ADMIN_API_TOKEN_FILE", write("t", "other-secret").string()}};
  auto text = mistakes(load_env());
  EXPECT_EQ(text, "environment ADMIN_API_TOKEN: http.admin_token: is given twice, as ADMIN_API_TOKEN and as "
                  "ADMIN_API_TOKEN_FILE; keep one\n");
}

TEST_F(Environment, GivenFileThatCannotBeReadWhenLoadedThenMistake) {
  env = {{"REDIS_URL_FILE", "/nowhere/x"}, {"TUTTI_HTTP_THREADS_FILE", folder.string()}};
  auto text = mistakes(load_env());
  EXPECT_THAT(text,
              HasSubstr("environment REDIS_URL_FILE: redis.url: /nowhere/x cannot be read: No such file"));
  EXPECT_THAT(text, HasSubstr("environment TUTTI_HTTP_THREADS_FILE: http.threads: "));
  EXPECT_THAT(text, HasSubstr("is a directory"));
}

TEST_F(Environment, GivenFileWithTwoNewlinesWhenLoadedThenOnlyOneIsStripped) {
  env = {{"APPLE_MUSIC_KEY_FILE", write("k", pem + "\n").string()},
         {"APPLE_MUSIC_KEY_ID", "A"},
         {"APPLE_MUSIC_TEAM_ID", "B"}};
  auto l = load_env();
  EXPECT_EQ(mistakes(l), "");
  EXPECT_EQ(l.settings.apple_music.key, pem);
}

TEST_F(Environment, GivenUnknownTuttiVariablesWhenLoadedThenEachIsAMistakeWithAHint) {
  env = {{"TUTTI_HTTP_IDLE_TIMOUT", "1s"}, {"TUTTI_REDIS_URL", "redis://h"},    {"TUTTI_XYZZY", "1"},
         {"TUTTI_QUEUES_RATE", "1"},       {"TUTTI_CONFIG", "/etc/x"},          {"HTTP_IDLE_TIMOUT", "1s"},
         {"TUTTI_NODE_NAME_FILE", "/x"},   {"TUTTI_DISCORD_WORKER_TOKENS", "a"}};
  EXPECT_EQ(
      mistakes(load_env()),
      "environment TUTTI_DISCORD_WORKER_TOKENS: is not a known variable; use DISCORD_WORKER_TOKEN_1\n"
      "environment TUTTI_HTTP_IDLE_TIMOUT: is not a known variable; did you mean TUTTI_HTTP_IDLE_TIMEOUT?\n"
      "environment TUTTI_NODE_NAME_FILE: is not a known variable; did you mean TUTTI_NODE_NAME?\n"
      "environment TUTTI_QUEUES_RATE: is not a known variable\n"
      "environment TUTTI_REDIS_URL: is not a known variable; use REDIS_URL\n"
      "environment TUTTI_XYZZY: is not a known variable\n");
}

TEST_F(Environment, GivenBadValuesWhenLoadedThenNamedByVariable) {
  struct row {
    const char* name;
    const char* value;
    const char* text;
  } table[] = {
      {"PORT", "http", "environment PORT: node.local.http: must be a port from 0 to 65535, is \"http\"\n"},
      {"PORT", "65536", "environment PORT: node.local.http: must be a port from 0 to 65535, is \"65536\"\n"},
      {"METRICS_PORT", "x",
       "environment METRICS_PORT: metrics.port: must be a whole number from 0 to 65535, is \"x\"\n"},
      {"LOG_LEVEL", "wran",
       "environment LOG_LEVEL: log.level: must be one of trace, debug, info, warn, error, is \"wran\"; did "
       "you mean \"warn\"?\n"},
      {"SPOTIFY_MOCK_MODE", "maybe",
       "environment SPOTIFY_MOCK_MODE: spotify.mock_mode: must be true or false, is \"maybe\"\n"},
      {"SPOTIFY_RETRY_BASE_MS", "-1",
       "environment SPOTIFY_RETRY_BASE_MS: spotify.retry_base: must be a duration: a whole number with a "
       "unit (ms, s, m, h or d), such as \"5s\"; is \"-1\"\n"},
      {"TUTTI_HTTP_THREADS", "65",
       "environment TUTTI_HTTP_THREADS: http.threads: must be a whole number from 0 to 64, is \"65\"\n"},
      {"TUTTI_HTTP_THREADS", "4x",
       "environment TUTTI_HTTP_THREADS: http.threads: must be a whole number from 0 to 64, is \"4x\"\n"},
      {"TUTTI_NODE_ROLES", "api,wroker",
       "environment TUTTI_NODE_ROLES: node.local.roles: [1] must be one of api, shard, audio, spotify, "
       "worker, crawler, is \"wroker\"; did you mean \"worker\"?\n"},
  };
  for (auto& [name, value, text] : table) {
    env = {{name, value}};
    EXPECT_EQ(mistakes(load_env()), text);
  }
}

TEST_F(Environment, GivenBadSecretsWhenLoadedThenTheMistakeDoesNotRepeatThem) {
  const std::string secret = "swordfish swordfish";
  for (auto& row : setting_keys()) {
    if (row.hide == secrecy::open || row.path == "apple_music.key")
      continue;
    auto name = row.env.ends_with('_') ? std::string{row.env} + "1" : std::string{row.env};
    env = {{name, secret}};
    auto text = mistakes(load_env());
    EXPECT_NE(text, "") << name;
    EXPECT_THAT(text, Not(HasSubstr("swordfish")));
  }
}

} // namespace
} // namespace tutti::runtime::config
