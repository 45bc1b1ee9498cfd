#include "services/redis/protocol/url.hpp"
#include "services/redis_leases/store.hpp"
#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"
#include "tests/runtime/cluster/leases/conformance/real_world.hpp"
#include "tests/support/redis_server.hpp"

namespace tutti::tests::leases {
namespace {

class redis_world final : public real_world, public lease_server {
public:
  explicit redis_world(lease_store_options options) : options_(options) {}
  ~redis_world() override {
    end_stores();
    clients_.clear();
  }

  caf::actor start_store() override {
    services::redis::client_options how;
    how.server = services::redis::parse_url(redis_.url()).value();
    how.key_prefix = "test:";
    how.connect_timeout = options_.call_timeout();
    how.ping_interval = options_.ttl;
    clients_.push_back(std::make_unique<services::redis::client>(io.context(), how));
    return start([this](auto& parent, auto at) {
      return services::redis_leases::spawn_redis_lease_store(parent, std::move(at), *clients_.back(),
                                                             options_);
    });
  }

  lease_server* server() override { return this; }
  void kill() override { redis_.kill(); }
  void start() override { redis_.start(); }
  void freeze() override { redis_.freeze(); }
  void thaw() override { redis_.thaw(); }
  std::size_t written() override {
    auto info = redis_.cli({"INFO", "persistence"});
    return std::stoull(info.substr(info.find("aof_current_size:") + 17));
  }
  void lose_tail(std::size_t bytes) override { redis_.cut_append_only_file(bytes); }
  redis_server& redis() { return redis_; }

private:
  using real_world::start;

  lease_store_options options_;
  // Rewriting would move what a test cuts off into another file; everysec may put off writing, so that
  // written() is not exact.
  redis_server redis_{
      {{"--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--appendfsync", "no"}, {}, false}};
  std::vector<std::unique_ptr<services::redis::client>> clients_;
};

const auto redis = testing::Values(provider{
    "redis", 3s, [](lease_store_options options) { return std::make_unique<redis_world>(options); }});
INSTANTIATE_TEST_SUITE_P(Redis, LeaseStore, redis);
INSTANTIATE_TEST_SUITE_P(Redis, LeaseServer, redis);

/// What only Redis has.
struct RedisLeases : LeaseStore {
  redis_server& redis() { return static_cast<redis_world&>(here()).redis(); }
};
INSTANTIATE_TEST_SUITE_P(Redis, RedisLeases, redis);

TEST_P(RedisLeases, GivenServerOutOfMemoryWhenLeasesAreUsedThenAllGoesOn) {
  open();
  auto a = node("a"), b = node("b");
  auto epoch = granted(a, "x");
  redis().cli({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_NE(redis().cli({"SET", "k", "v"}).find("OOM"), std::string::npos);
  EXPECT_TRUE(renew(a, "x", epoch));
  auto coordinator = granted(b, coordinator_lease);
  EXPECT_TRUE(write(b, {coordinator, 0, {}}));
  release(a, "x", epoch);
  EXPECT_GT(granted(b, "x"), epoch);
}

TEST_P(RedisLeases, GivenServerThatForgotItsScriptsWhenUsedThenTheyAreSentAgain) {
  open();
  auto a = node("a");
  auto epoch = granted(a, "x");
  redis().cli({"SCRIPT", "FLUSH"});
  EXPECT_TRUE(renew(a, "x", epoch));
}

TEST_P(RedisLeases, GivenLeasesWhenLookedAtThenNoKeyExpiresAndAllHaveThePrefix) {
  open();
  auto a = node("a");
  auto epoch = granted(a, coordinator_lease);
  EXPECT_TRUE(write(a, {epoch, 0, {}}));
  auto keys = redis().cli({"KEYS", "*"});
  EXPECT_EQ(std::count(keys.begin(), keys.end(), '\n'), 4) << keys;
  for (auto* key : {"test:lease:records", "test:lease:names", "test:lease:clock", "test:lease:table"})
    EXPECT_EQ(redis().cli({"TTL", key}), "-1\n") << key;
}

} // namespace
} // namespace tutti::tests::leases
