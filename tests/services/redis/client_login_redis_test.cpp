#include "services/redis/server_checks.hpp"
#include "tests/services/redis/support.hpp"
#include "tests/support/redis_server.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace tutti::tests::services_redis;
using tutti::tests::redis_server;
using namespace std::chrono_literals;

std::string with_user(const redis_server& server, const std::string& user_info) {
  auto url = server.url();
  return url.insert(url.find("://") + 3, user_info + "@");
}

std::vector<std::string> findings(client& of) {
  std::promise<std::vector<std::string>> told;
  tutti::services::redis::check_durability(of, client::clock::now() + 5s,
                                           [&](auto found) { told.set_value(std::move(found)); });
  return told.get_future().get();
}

TEST(RedisLogin, GivenPasswordWhenRightWrongOrMissingThenSaysWhich) {
  redis_server server{{.password = "p@ss/word"}};
  running right{with_user(server, ":p%40ss%2Fword")};
  EXPECT_EQ(ask(right.redis, "PING").text(), "PONG");
  running wrong{with_user(server, ":other")};
  EXPECT_EQ(wrong.refusal(), "wrong user or password, or the user is disabled");
  running none{server.url()};
  EXPECT_EQ(none.refusal(), "the server wants a password, and none is configured");
}

TEST(RedisLogin, GivenAclUserWhenLoggedInThenItsRightsHold) {
  redis_server server{{.arguments = {"--user", "dj", "on", ">spin", "~music:*", "+@all", "-config"}}};
  running r{with_user(server, "dj:spin")};
  EXPECT_EQ(ask(r.redis, "SET", "music:x", "1").text(), "OK");
  EXPECT_TRUE(ask(r.redis, "SET", "other:x", "1").is_error("NOPERM"));
  auto found = findings(r.redis);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_TRUE(found[0].starts_with("appendonly could not be checked, CONFIG GET is refused: NOPERM"))
      << found[0];
  running wrong{with_user(server, "dj:other")};
  EXPECT_EQ(wrong.refusal(), "wrong user or password, or the user is disabled");
}

TEST(RedisLogin, GivenDatabaseWhenInUrlThenSelectedOrRefused) {
  redis_server server;
  running r{server.url() + "/3"};
  EXPECT_EQ(ask(r.redis, "SET", "k", "three").text(), "OK");
  EXPECT_EQ(server.cli({"-n", "3", "GET", "k"}), "three\n");
  running none{server.url() + "/99"};
  EXPECT_NE(none.refusal().find("database 99 cannot be selected"), std::string::npos) << none.refusal();
}

TEST(RedisLogin, GivenTlsWhenCertificateIsTrustedForTheNameThenWorks) {
  redis_server server{{.tls = true}};
  auto options = at(server.url());
  options.ca_file = server.ca_file();
  running r{options};
  std::string value(3'000'000, 'x');
  EXPECT_EQ(ask(r.redis, "SET", "k", value).text(), "OK");
  EXPECT_EQ(ask(r.redis, "GET", "k").text(), value);
}

TEST(RedisLogin, GivenTlsWhenCertificateCannotBeTrustedThenRefused) {
  redis_server server{{.tls = true}};
  running unknown_authority{server.url()};
  EXPECT_NE(unknown_authority.refusal().find("the server's certificate is refused"), std::string::npos)
      << unknown_authority.refusal();
  auto options = at("rediss://127.0.0.1:" + std::to_string(server.port()));
  options.ca_file = server.ca_file();
  running other_name{options};
  EXPECT_NE(other_name.refusal().find("IP address mismatch"), std::string::npos) << other_name.refusal();
  options = at(server.url());
  options.ca_file = "/nowhere/ca.pem";
  running no_file{options};
  EXPECT_NE(no_file.refusal().find("authorities' file"), std::string::npos) << no_file.refusal();
}

TEST(RedisLogin, GivenPlainServerWhenTlsIsAskedForThenRefusedAndTheOtherWayRound) {
  redis_server plain;
  auto options = at("rediss://localhost:" + std::to_string(plain.port()));
  options.connect_timeout = 300ms; // such a server says nothing
  running tls{options};
  EXPECT_EQ(tls.refusal(), "not connected within 300 ms, waiting for TLS (is it a server without?)");
  redis_server encrypted{{.tls = true}};
  running bare{"redis://127.0.0.1:" + std::to_string(encrypted.port())};
  EXPECT_NE(bare.refusal(), "");
  EXPECT_FALSE(bare.redis.state().connected);
}

TEST(RedisLogin, GivenReplicaWhenConnectingThenRefusedUntilItIsAMaster) {
  redis_server master;
  redis_server server{{.arguments = {"--replicaof", "127.0.0.1 " + std::to_string(master.port())}}};
  running r{server.url()};
  EXPECT_EQ(r.refusal(), "the server is a replica, which takes no writes");
  server.cli({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(r.connected());
  EXPECT_EQ(ask(r.redis, "SET", "k", "v").text(), "OK");
}

TEST(RedisLogin, GivenServersWhenDurabilityIsCheckedThenFindings) {
  redis_server forgetful;
  running r{forgetful.url()};
  auto found = findings(r.redis);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("appendonly is no")) << found[0];
  redis_server durable{{.arguments = {"--appendonly", "yes"}}};
  running d{durable.url()};
  EXPECT_TRUE(findings(d.redis).empty());
}

} // namespace
