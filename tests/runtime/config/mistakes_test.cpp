#include "tests/runtime/config/fixture.hpp"

#include <gmock/gmock.h>

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace tutti::runtime::config {
namespace {

using Mistakes = ConfigTest;

TEST_F(Mistakes, GivenOneBadValueWhenLoadedThenKeyLineAndReason) {
  struct row {
    const char* toml;
    const char* text;
  } table[] = {
      {"[http]\n\nthreads = 65",
       "cluster.toml:3: http.threads: must be a whole number from 0 to 64, is 65\n"},
      {"[http]\nthreads = -1", "cluster.toml:2: http.threads: must be a whole number from 0 to 64, is -1\n"},
      {"[http]\nthreads = \"4\"",
       "cluster.toml:2: http.threads: must be a whole number from 0 to 64, is \"4\"\n"},
      {"[http]\nthreads = 4.0",
       "cluster.toml:2: http.threads: must be a whole number from 0 to 64, is 4.0\n"},
      {"[cluster]\npartitions = 0",
       "cluster.toml:2: cluster.partitions: must be a whole number from 1 to 65536, is 0\n"},
      {"[jobs]\nmax_jobs = 9223372036854775807",
       "cluster.toml:2: jobs.max_jobs: must be a whole number from 1 to 100000000, is 9223372036854775807\n"},
      {"[http]\nidle_timeout = 5", "cluster.toml:2: http.idle_timeout: must be a duration: a whole number "
                                   "with a unit (ms, s, m, h or d), such as \"5s\"; is 5\n"},
      {"[http]\nidle_timeout = \"5\"", "cluster.toml:2: http.idle_timeout: must be a duration: a whole "
                                       "number with a unit (ms, s, m, h or d), such as \"5s\"; is \"5\"\n"},
      {"[http]\nidle_timeout = \"2h\"",
       "cluster.toml:2: http.idle_timeout: must be from 100ms to 1h, is \"2h\"\n"},
      {"[http]\nrate_limit = nan",
       "cluster.toml:2: http.rate_limit: must be a number from 0 to 1000000, is nan\n"},
      {"[http]\nrate_limit = -inf",
       "cluster.toml:2: http.rate_limit: must be a number from 0 to 1000000, is -inf\n"},
      {"[spotify]\nmock_mode = \"yes\"",
       "cluster.toml:2: spotify.mock_mode: must be true or false, is \"yes\"\n"},
      {"[cluster]\nname = 5", "cluster.toml:2: cluster.name: must be a string, is 5\n"},
      {"[cluster]\nname = \"\"", "cluster.toml:2: cluster.name: must not be empty\n"},
      {"[cluster]\nname = 2026-01-01", "cluster.toml:2: cluster.name: must be a string, is a date\n"},
      {"[cluster]\nseeds = \"a:1\"", "cluster.toml:2: cluster.seeds: must be an array, is \"a:1\"\n"},
      {"[cluster]\nseeds = [\"a:1\", \"b\"]", "cluster.toml:2: cluster.seeds: [1] must be host:port, such as "
                                              "\"127.0.0.1:3000\" or \"[::1]:3000\"; is \"b\"\n"},
      {"[cluster]\nseeds = [\"a:1\", \"a:1\"]",
       "cluster.toml:2: cluster.seeds: [1] is there twice: \"a:1\"\n"},
      {"[cluster]\ncoordination = \"redsi\"", "cluster.toml:2: cluster.coordination: must be one of redis, "
                                              "postgres, memory, is \"redsi\"; did you mean \"redis\"?\n"},
      {"[store]\nprovider = \"redis\"",
       "cluster.toml:2: store.provider: must be one of postgres, memory, is \"redis\"\n"},
      {"[http]\nidle_timout = \"5s\"",
       "cluster.toml:2: http.idle_timout: is not a known key; did you mean http.idle_timeout?\n"},
      {"[http]\nlease_ttl = \"5s\"",
       "cluster.toml:2: http.lease_ttl: is not a known key; did you mean cluster.lease_ttl?\n"},
      {"[http]\nfoo = 1", "cluster.toml:2: http.foo: is not a known key\n"},
      {"threads = 4", "cluster.toml:1: threads: is not a known key; did you mean http.threads?\n"},
      {"\n[clutser]\nname = \"x\"\nother = 1",
       "cluster.toml:2: clutser: is not a known section; did you mean cluster?\n"},
      {"[xyzzy.deep.down]\na = 1", "cluster.toml:1: xyzzy: is not a known section\n"},
      {"[http.threads]\na = 1", "cluster.toml:1: http.threads: must be a single value, is a section\n"},
      {"[cluster]\ntls = \"on\"", "cluster.toml:2: cluster.tls: is a section: write [cluster.tls]\n"},
      {"[node]\nname = \"a\"", "cluster.toml:1: node: must be written as [[node]], with two brackets\n"},
      {"node = 5", "cluster.toml:1: node: must be written as [[node]] sections\n"},
      {"[queues]\ndefault = 5",
       "cluster.toml:2: queues.default: must be a section: [queues.NAME] with concurrency, rate, burst\n"},
      {"[queues.default]\nrat = 5",
       "cluster.toml:2: queues.default.rat: is not a known key; did you mean rate?\n"},
      {"[queues.\"a b\"]\nrate = 5", "cluster.toml:2: queues.a b.rate: the queue's name must be 1 to 64 "
                                     "letters, digits, '-', '_' or '.', the first a letter or digit\n"},
      {"[redis]\nkey_prefix = \"a{b}\"",
       "cluster.toml:2: redis.key_prefix: must be at most 64 characters, no spaces or any of {}*?[]\\\"'\n"},
      {"[[node]]\nport = 1", "cluster.toml:1: node[1].name: is missing: every [[node]] needs a name\n"},
      {"[[node]]\nname = \"a b\"", "cluster.toml:2: node[1].name: must be 1 to 64 letters, digits, '-', '_' "
                                   "or '.', the first a letter or digit\n"},
      {"[[node]]\nname = \"a\"\nport = 70000",
       "cluster.toml:3: node.a.port: must be a whole number from 0 to 65535, is 70000\n"},
      {"[[node]]\nname = \"a\"\nroles = [\"api\", \"dancer\"]",
       "cluster.toml:3: node.a.roles: [1] must be one of api, shard, audio, spotify, worker, crawler, is "
       "\"dancer\"\n"},
      {"[[node]]\nname = \"a\"\nhost = \"300.0.0.1\"",
       "cluster.toml:3: node.a.host: is not a host name or address\n"},
      {"[[node]]\nname = \"a\"\nhttp = \"3000\"", "cluster.toml:3: node.a.http: must be host:port, such as "
                                                  "\"127.0.0.1:3000\" or \"[::1]:3000\"; is \"3000\"\n"},
      {"[[node]]\nname = \"a\"\n[node.extra]\nx = 1", "cluster.toml:3: node.a.extra: is not a known key\n"},
  };
  for (auto& [toml, text] : table)
    EXPECT_THAT(mistakes(load_text(toml)), StartsWith(text)) << toml;
}

TEST_F(Mistakes, GivenBadUrlsWhenLoadedThenSaysWhatIsWrongWithoutRepeatingThem) {
  auto of = [&](const char* section, const char* key, const std::string& url) {
    return mistakes(load_text(std::string{"["} + section + "]\n" + key + " = '" + url + "'\n"));
  };
  for (auto* bad :
       {"localhost:6379", "http://h", "redis://", "redis://h:0", "redis://h:99999", "redis://h:port",
        "redis://a b", "redis://u:p/w@h", "redis://:pass@", "redis://[::1", "://h", "redis:/h"}) {
    auto text = of("redis", "url", bad);
    EXPECT_THAT(text, StartsWith("cluster.toml:2: redis.url: ")) << bad;
    EXPECT_THAT(text, Not(HasSubstr("p/w"))) << bad;
    EXPECT_THAT(text, Not(HasSubstr("pass@"))) << bad;
  }
  for (auto* good : {"redis://h", "rediss://:p%2Fw@h:6379/0", "redis://u:p@[::1]:1"})
    EXPECT_EQ(of("redis", "url", good), "") << good;
  for (auto* good : {"postgres://u:p@h:5432/db?sslmode=require", "postgresql:///db", "postgres://a:1,b:2/db"})
    EXPECT_EQ(of("postgres", "url", good), "") << good;
  EXPECT_THAT(of("postgres", "url", "host=h dbname=d"), HasSubstr("is not a URL"));
  EXPECT_THAT(of("otlp", "endpoint", "ftp://h"), HasSubstr("must begin with https:// or http://"));
  EXPECT_THAT(of("spotify", "api_url", "https://u:p@h"), HasSubstr("must not contain user information"));
  EXPECT_THAT(of("spotify", "api_url", ""), HasSubstr("must not be empty"));
  EXPECT_THAT(of("discord", "gateway_url", "https://h"), HasSubstr("wss:// or ws://"));
  EXPECT_THAT(of("spotify", "redirect_uri", "no url"), HasSubstr("must be a URL"));
}

TEST_F(Mistakes, GivenBadLavalinkNodesWhenLoadedThenSaysWhichAndWhy) {
  struct row {
    const char* json;
    const char* text;
  } table[] = {
      {"[{", "is not JSON: "},
      {"{}", "must be a JSON array of {id, url, password?, sessionId?}"},
      {"[5]", "[0] must be an object"},
      {R"([{"id":"a"}])", "[0] has no url"},
      {R"([{"url":"http://h"}])", "[0] has no id"},
      {R"([{"id":"a","url":"http://h"},{"id":"b","url":"h:1"}])", "[1] url must be a URL like https://host"},
      {R"([{"id":"a","url":"http://h"},{"id":"a","url":"http://g"}])", "has an id twice"},
      {R"([{"id":"a","url":"http://h","pass":"secret-x"}])", "[0] has an unknown field"},
      {R"([{"id":"a","url":"http://h","password":5}])", "[0] password must be a string"},
  };
  for (auto& [json, text] : table) {
    env = {{"LAVALINK_NODES", json}};
    auto all = mistakes(load_env());
    EXPECT_THAT(all, StartsWith(std::string{"environment LAVALINK_NODES: lavalink.nodes: "} + text)) << json;
    EXPECT_THAT(all, Not(HasSubstr("secret-x")));
  }
  env = {{"LAVALINK_NODES", std::string(200'000, '[')}};
  EXPECT_THAT(mistakes(load_env()), HasSubstr("is not JSON")) << "depth must not matter";
}

TEST_F(Mistakes, GivenSyntaxErrorWhenLoadedThenLineAndColumnAndNothingElseFromTheFile) {
  auto text = mistakes(load_text("[http]\nthreads = 99\nidle = = 5\n"));
  EXPECT_THAT(text, StartsWith("cluster.toml:3:8: "));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_THAT(mistakes(load_text("[http]\nthreads = 1\nthreads = 2\n")), StartsWith("cluster.toml:3:"));
  EXPECT_THAT(mistakes(load_text("[a\n")), StartsWith("cluster.toml:1:"));
  EXPECT_THAT(mistakes(load_text("a = \"\xFF\"\n")), StartsWith("cluster.toml:1:"));
}

TEST_F(Mistakes, GivenSyntaxErrorInASecretWhenLoadedThenNotRepeated) {
  for (auto* toml : {"[http]\nadmin_token = swordfish\n", "[http]\nadmin_token = \"swordfish\n",
                     "[http]\nadmin_token = 5swordfish\n", "[http]\nadmin_token = 'a' swordfish\n",
                     "[http]\nadmin_token = fswordfish\n"}) {
    auto text = mistakes(load_text(toml));
    EXPECT_THAT(text, StartsWith("cluster.toml:2:"));
    EXPECT_THAT(text, Not(HasSubstr("sw"))) << text;
  }
}

TEST_F(Mistakes, GivenSyntaxErrorAndBadEnvironmentWhenLoadedThenBoth) {
  env = {{"LOG_LEVEL", "loud"}};
  auto text = mistakes(load_text("x"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_THAT(text, HasSubstr("environment LOG_LEVEL: log.level: "));
}

TEST_F(Mistakes, GivenFileThatCannotBeReadWhenLoadedThenSaysWhy) {
  auto missing = load(folder / "none.toml", env, options);
  EXPECT_EQ(mistakes(missing), "none.toml: cannot be read: No such file or directory\n");
  EXPECT_THAT(to_string(load(folder, env, options).mistakes.at(0)),
              HasSubstr("cannot be read: is a directory"));
  EXPECT_THAT(mistakes(load(write("big.toml", std::string(2'000'000, '#')), env, options)),
              HasSubstr("is larger than 1 MiB"));
}

TEST_F(Mistakes, GivenDeeplyNestedFileWhenLoadedThenRefusedNotCrashed) {
  EXPECT_FALSE(load_text("a = " + std::string(100'000, '[')).ok());
  std::string dotted = "a";
  for (int i = 0; i < 5'000; ++i)
    dotted += ".a";
  EXPECT_FALSE(load_text(dotted + " = 1").ok());
}

TEST_F(Mistakes, GivenManyMistakesWhenLoadedThenAllAtOnceByLine) {
  env = {{"LOG_LEVEL", "loud"}, {"TUTTI_NOPE", "1"}};
  options.node = "a";
  auto l = load_text(R"([http]
threads = 99
idle_timeout = 5
bogus = 1
[cluster]
partitions = "many"
[cluster.tls]
mode = "off"
[[node]]
name = "a"
host = "10.0.0.1"
http = "0.0.0.0:3000"
[[node]]
name = "a"
roles = ["singer"]
)");
  EXPECT_EQ(
      mistakes(l),
      "cluster.toml:2: http.threads: must be a whole number from 0 to 64, is 99\n"
      "cluster.toml:3: http.idle_timeout: must be a duration: a whole number with a unit (ms, s, m, h or d), "
      "such as \"5s\"; is 5\n"
      "cluster.toml:4: http.bogus: is not a known key\n"
      "cluster.toml:6: cluster.partitions: must be a whole number from 1 to 65536, is \"many\"\n"
      "cluster.toml:11: node.a.host: 10.0.0.1 is not a loopback address, and cluster.tls.mode is \"off\": "
      "without TLS anybody who reaches the port controls the node\n"
      "cluster.toml:12: node.a.http: 0.0.0.0:3000 is not a loopback address, which needs an admin token: set "
      "ADMIN_API_TOKEN or http.admin_token\n"
      "cluster.toml:14: node.a.name: another [[node]] has that name\n"
      "cluster.toml:15: node.a.roles: [0] must be one of api, shard, audio, spotify, worker, crawler, is "
      "\"singer\"\n"
      "cluster.toml: redis.url: is missing: cluster.coordination, queue.provider are redis; set it in the "
      "file "
      "or by REDIS_URL\n"
      "cluster.toml: postgres.url: is missing: store.provider is postgres; set it in the file or by "
      "DATABASE_URL\n"
      "environment LOG_LEVEL: log.level: must be one of trace, debug, info, warn, error, is \"loud\"\n"
      "environment TUTTI_NOPE: is not a known variable\n");
}

} // namespace
} // namespace tutti::runtime::config
