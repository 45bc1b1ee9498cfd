#include "runtime/config/load.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace tutti::runtime::config;

namespace {

TEST(Duration, GivenTextsWhenParsedThenOnlyANumberWithOneUnitIsTaken) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("5s"), 5s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("0s"), 0s);
  for (auto* bad : {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5S", "5us", "1h30m", "5ss",
                    "0x5s", "99999999999999999999s", "9223372036854775807d", "4000d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Duration, GivenDurationsWhenFormattedThenShortestAndReadBack) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(10min), "10m");
  EXPECT_EQ(format_duration(24h), "1d");
  for (auto d : {1ms, 999ms, 1000ms, 61'000ms, 3'600'000ms, 86'400'000ms})
    EXPECT_EQ(parse_duration(format_duration(d)), d);
}

TEST(Endpoint, GivenTextsWhenParsedThenHostAndPort) {
  EXPECT_EQ(parse_endpoint("127.0.0.1:4700"), (endpoint{"127.0.0.1", 4700}));
  EXPECT_EQ(parse_endpoint("node-a.example.org:65535"), (endpoint{"node-a.example.org", 65535}));
  EXPECT_EQ(parse_endpoint("[::1]:0"), (endpoint{"::1", 0}));
  EXPECT_EQ(to_string(endpoint{"::1", 3000}), "[::1]:3000");
  EXPECT_EQ(to_string(endpoint{"a", 1}), "a:1");
  for (auto* bad : {"",
                    ":",
                    "host",
                    "host:",
                    ":80",
                    "host:65536",
                    "host:-1",
                    "host:+1",
                    "host: 1",
                    "host:1 ",
                    "::1:80",
                    "[::1]",
                    "[::1:80",
                    "[host]:80",
                    "[]:80",
                    "ho st:80",
                    "-a:80",
                    "a/b:80",
                    "300.1.1.1:80",
                    "1.2.3:80",
                    "host:0x50",
                    "http://host:80",
                    "[fe80::1%eth0]:80"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

TEST(Endpoint, GivenHostsWhenAskedForLoopbackThenOnlyThose) {
  for (auto* yes : {"127.0.0.1", "127.255.0.9", "localhost", "::1", "0:0:0:0:0:0:0:1"})
    EXPECT_TRUE(is_loopback(yes)) << yes;
  for (auto* no :
       {"0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "localhost.evil.org", "127.0.0.1.evil.org", "127.1", ""})
    EXPECT_FALSE(is_loopback(no)) << no;
}

TEST(EncryptionKey, GivenTextsWhenDecodedThenExactly32Bytes) {
  std::string hex = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
  auto key = decode_key(hex);
  ASSERT_TRUE(key);
  EXPECT_EQ((*key)[31], 31);
  EXPECT_EQ(decode_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="), key);
  EXPECT_EQ(decode_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), key) << "without padding";
  EXPECT_EQ(decode_key(std::string(42, '_') + "8="), decode_key(std::string(42, '/') + "8="))
      << "URL alphabet";
  for (auto& bad : {std::string{}, std::string(32, 'a'), std::string(63, 'a'), std::string(65, 'a'),
                    std::string(64, 'g'), std::string(44, 'A'), std::string(42, 'A') + "==",
                    std::string(42, 'A') + "B=", std::string(42, '*') + "A=", std::string(40, 'A')})
    EXPECT_FALSE(decode_key(bad)) << bad;
}

} // namespace
