#include "tests/runtime/config/fixture.hpp"

#include <gmock/gmock.h>

using testing::HasSubstr;

namespace tutti::runtime::config {
namespace {

struct Checks : ConfigTest {
  /// Two nodes on loopback that are fine but for what `more` says.
  std::string two(const std::string& more, const std::string& a = "", const std::string& b = "") {
    options.any_node = true;
    env.try_emplace("REDIS_URL", "redis://127.0.0.1");
    env.try_emplace("DATABASE_URL", "postgres://127.0.0.1/t");
    auto toml = more + "\n[cluster.tls]\nmode = \"off\"\n[[node]]\nname = \"a\"\n" + a
                + "\n[[node]]\nname = \"b\"\n" + (b.empty() ? "port = 4710\nhttp = \"127.0.0.1:3001\"\n" : b);
    return mistakes(load_text(toml));
  }
};

TEST_F(Checks, GivenTwoSoundNodesWhenLoadedThenNoMistake) {
  EXPECT_EQ(two(""), "");
}

TEST_F(Checks, GivenMemoryProvidersWhenSeveralNodesThenEachRefusedByName) {
  EXPECT_EQ(
      two("[cluster]\ncoordination = \"memory\"\n[queue]\nprovider = \"memory\"\n[store]\nprovider = "
          "\"memory\""),
      "cluster.toml:2: cluster.coordination: \"memory\" works for one node only, and 2 are configured; set "
      "redis or postgres, here or by TUTTI_CLUSTER_COORDINATION\n"
      "cluster.toml:4: queue.provider: \"memory\" works for one node only, and 2 are configured; set redis "
      "or "
      "postgres, here or by QUEUE_PROVIDER\n"
      "cluster.toml:6: store.provider: \"memory\" works for one node only, and 2 are configured; set "
      "postgres, "
      "here or by TUTTI_STORE_PROVIDER\n");
  env["QUEUE_PROVIDER"] = "memory";
  EXPECT_THAT(two(""),
              HasSubstr("environment QUEUE_PROVIDER: queue.provider: \"memory\" works for one node only"));
}

TEST_F(Checks, GivenMorePartitionsThanACoordinatorPlacesWhenLoadedThenRefusedWithTheMost) {
  EXPECT_EQ(two("[cluster]\npartitions = 10922"), "");
  EXPECT_EQ(two("[cluster]\npartitions = 10923"),
            "cluster.toml:2: cluster.partitions: 10923 partitions for each of the 6 roles of the nodes are 65538, "
            "and a cluster places at most 65536: at most 10922 partitions with these roles\n");
  std::string worker = "roles = [\"worker\"]\n", both = "port = 4710\nhttp = \"127.0.0.1:3001\"\n";
  EXPECT_EQ(two("[cluster]\npartitions = 65536", worker, both + worker), "");
  EXPECT_THAT(two("[cluster]\npartitions = 32769", worker, both + "roles = [\"api\"]\n"),
              HasSubstr("32769 partitions for each of the 2 roles of the nodes are 65538"));
  env = {{"TUTTI_CLUSTER_PARTITIONS", "65536"}};
  EXPECT_EQ(mistakes(load_env()), "") << "one node alone has no coordinator";
}

TEST_F(Checks, GivenProvidersWithoutUrlWhenLoadedThenMissingUrlNamed) {
  env = {{"QUEUE_PROVIDER", "redis"},
         {"TUTTI_STORE_PROVIDER", "postgres"},
         {"TOKEN_STORE_PROVIDER", "postgres"}};
  EXPECT_EQ(
      mistakes(load_env()),
      "environment QUEUE_PROVIDER: redis.url: is missing: queue.provider is redis; set it in the file or by "
      "REDIS_URL\n"
      "environment TUTTI_STORE_PROVIDER: postgres.url: is missing: store.provider, token_store.provider are "
      "postgres; set it in the file or by DATABASE_URL\n");
}

TEST_F(Checks, GivenBadUrlWhenItsProviderNeedsItThenOneMistakeOnly) {
  env = {{"QUEUE_PROVIDER", "redis"}, {"REDIS_URL", "nonsense"}};
  auto text = mistakes(load_env());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
}

TEST_F(Checks, GivenTlsOffWhenHostIsNotLoopbackThenRefused) {
  EXPECT_THAT(two("", "host = \"10.1.2.3\""),
              HasSubstr("cluster.toml:6: node.a.host: 10.1.2.3 is not a loopback"));
  EXPECT_THAT(two("", "host = \"node-a\""), HasSubstr("node.a.host: node-a is not a loopback"));
  EXPECT_EQ(two("", "host = \"127.0.0.9\""), "");
  env["TUTTI_CLUSTER_TLS_MODE"] = "off";
  EXPECT_THAT(mistakes(load_text("[[node]]\nname = \"a\"\nhost = \"10.1.2.3\"\n")), HasSubstr("node.a.host"));
}

TEST_F(Checks, GivenTlsOnWhenSeveralNodesThenItsThreeFilesAreNeeded) {
  env["TUTTI_CLUSTER_TLS_MODE"] = "on";
  env["TUTTI_CLUSTER_TLS_CA"] = "/ca.pem";
  auto text = two("");
  EXPECT_THAT(text, HasSubstr("environment TUTTI_CLUSTER_TLS_MODE: cluster.tls.certificate: is missing"));
  EXPECT_THAT(text, HasSubstr("cluster.tls.key: is missing"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  env["TUTTI_CLUSTER_TLS_CERTIFICATE"] = "/c.pem";
  env["TUTTI_CLUSTER_TLS_KEY"] = "/k.pem";
  EXPECT_EQ(two("", "host = \"10.1.2.3\""), "");
  env.clear();
  EXPECT_EQ(mistakes(load_text("[[node]]\nname = \"a\"\nhost = \"10.1.2.3\"\n")), "")
      << "one node talks to nobody";
}

TEST_F(Checks, GivenHttpBeyondLoopbackWhenNoAdminTokenThenRefused) {
  for (auto* http : {"0.0.0.0:3000", "[::]:3000", "10.0.0.1:3000", "example.org:3000"}) {
    env = {{"TUTTI_NODE_HTTP", http}};
    EXPECT_THAT(mistakes(load_env()), HasSubstr("environment TUTTI_NODE_HTTP: node.local.http: ")) << http;
    env["ADMIN_API_TOKEN"] = "t";
    EXPECT_EQ(mistakes(load_env()), "") << http;
  }
  for (auto* http : {"127.0.0.1:1", "localhost:1", "[::1]:1"}) {
    env = {{"TUTTI_NODE_HTTP", http}};
    EXPECT_EQ(mistakes(load_env()), "") << http;
  }
}

TEST_F(Checks, GivenPortsTakenTwiceOnOneMachineWhenLoadedThenRefused) {
  EXPECT_THAT(two("", "", "http = \"127.0.0.1:3001\"\n"),
              HasSubstr("node.b.port: port 4700 is taken by node.a.port"));
  EXPECT_THAT(two("", "", "port = 4710\n"), HasSubstr("node.b.http: port 3000 is taken by node.a.http"));
  EXPECT_THAT(two("", "", "port = 3000\nhttp = \"localhost:3001\"\n"),
              HasSubstr("node.b.port: port 3000 is taken by node.a.http"));
  EXPECT_THAT(two("", "http = \"127.0.0.1:4700\""),
              HasSubstr("node.a.http: port 4700 is taken by node.a.port"));
  env["ADMIN_API_TOKEN"] = "t";
  EXPECT_THAT(two("", "http = \"0.0.0.0:3001\""),
              HasSubstr("node.b.http: port 3001 is taken by node.a.http"));
}

TEST_F(Checks, GivenSamePortsWhenMachinesOrAddressesDifferThenAllowed) {
  EXPECT_EQ(two("", "", "host = \"127.0.0.2\"\nhttp = \"127.0.0.2:3000\"\n"), "");
  EXPECT_EQ(two("", "port = 0\nhttp = \"127.0.0.1:0\"", "port = 0\nhttp = \"127.0.0.1:0\"\n"), "")
      << "any free port";
  env = {{"TUTTI_CLUSTER_TLS_MODE", "on"},
         {"TUTTI_CLUSTER_TLS_CA", "a"},
         {"TUTTI_CLUSTER_TLS_KEY", "k"},
         {"TUTTI_CLUSTER_TLS_CERTIFICATE", "c"}};
  EXPECT_EQ(two("", "host = \"10.0.0.1\"", "host = \"10.0.0.2\"\n"), "");
}

TEST_F(Checks, GivenUnknownNodeNameWhenLoadedThenListsTheNames) {
  two("");
  options = {.node = "z"};
  EXPECT_EQ(mistakes(load(folder / "cluster.toml", env, options)),
            "command line: node: there is no node \"z\"; cluster.toml has a, b\n");
  options = {};
  EXPECT_EQ(mistakes(load(folder / "cluster.toml", env, options)),
            "cluster.toml: node: has several nodes; choose one with --name: a, b\n");
  env["TUTTI_NODE_NAME"] = "y";
  EXPECT_THAT(mistakes(load(folder / "cluster.toml", env, options)),
              HasSubstr("environment TUTTI_NODE_NAME: node: there is no node \"y\""));
}

TEST_F(Checks, GivenEncryptedFileWhenKeyMissingOrBadThenRefused) {
  env = {{"TOKEN_STORE_PROVIDER", "encrypted-file"}};
  EXPECT_THAT(mistakes(load_env()),
              HasSubstr("environment TOKEN_STORE_PROVIDER: token_store.encryption_key: is missing"));
  env["TOKEN_STORE_ENCRYPTION_KEY"] = "tooshort";
  EXPECT_EQ(mistakes(load_env()), "environment TOKEN_STORE_ENCRYPTION_KEY: token_store.encryption_key: must "
                                  "be 32 bytes: 64 hex digits or "
                                  "base64; make one with: openssl rand -base64 32\n");
  env["TOKEN_STORE_ENCRYPTION_KEY"] = std::string(64, 'a');
  EXPECT_EQ(mistakes(load_env()), "");
}

TEST_F(Checks, GivenPemAppleKeyWhenIdsMissingThenBothNamed) {
  env = {{"APPLE_MUSIC_KEY", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"}};
  auto text = mistakes(load_env());
  EXPECT_THAT(text, HasSubstr("apple_music.key_id: is missing: a PEM key needs it; set APPLE_MUSIC_KEY_ID"));
  EXPECT_THAT(text,
              HasSubstr("apple_music.team_id: is missing: a PEM key needs it; set APPLE_MUSIC_TEAM_ID"));
}

TEST_F(Checks, GivenMetricsPortWhenSameAsHttpThenRefused) {
  env = {{"METRICS_PORT", "3000"}};
  EXPECT_THAT(mistakes(load_env()),
              HasSubstr("environment METRICS_PORT: metrics.port: is the port of node local's"));
}

} // namespace
} // namespace tutti::runtime::config
