#include "services/sim/discord/gateway/identify.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::sim;
using namespace tutti::services::sim::discord;

struct Identify : testing::Test {
  json d = *json::parse(
      R"({"token":"t","intents":129,"shard":[1,4],"properties":{"os":"a","browser":"b","device":"c"}})");
  identify_request out;
  int code(bool transport = false) { return read_identify(d, transport, out).code; }
};

TEST_F(Identify, GivenDocumentedExampleWhenReadThenAccepted) {
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(out.shard, 1u);
  EXPECT_EQ(out.shards, 4u);
  EXPECT_EQ(out.intents, 129u);
  d.erase("shard");
  out = {};
  EXPECT_EQ(code(), 0);
  EXPECT_EQ(out.shards, 1u);
}

TEST_F(Identify, GivenMissingFieldsWhenReadThenUndecodable) {
  for (auto* name : {"token", "properties"}) {
    auto kept = d;
    d.erase(name);
    EXPECT_EQ(code(), 4002) << name;
    d = kept;
  }
  d.at("properties").erase("device");
  EXPECT_EQ(code(), 4002);
}

TEST_F(Identify, GivenShardsWhenWrongThen4010) {
  for (auto* shard : {"[4,4]", "[-1,4]", "[0]", "[0,1,2]", "\"0/1\"", "null", "[0.5,1]"}) {
    d.set("shard", *json::parse(shard));
    EXPECT_EQ(code(), 4010) << shard;
  }
}

TEST_F(Identify, GivenIntentsWhenUnknownOrPrivilegedThen4013Or4014) {
  for (std::uint64_t bit : {17, 18, 19, 22, 23, 26, 40}) {
    d.set("intents", 1ull << bit);
    EXPECT_EQ(code(), 4013) << bit;
  }
  for (std::uint64_t bit : {1, 8, 15}) {
    d.set("intents", 1ull << bit);
    EXPECT_EQ(code(), 4014) << bit;
  }
  d.set("intents", 0);
  EXPECT_EQ(code(), 0);
}

TEST_F(Identify, GivenPayloadCompressionWhenTransportIsCompressedThenRefused) {
  d.set("compress", true);
  EXPECT_EQ(code(false), 0);
  EXPECT_TRUE(out.compress);
  EXPECT_EQ(code(true), 4002);
}

} // namespace
