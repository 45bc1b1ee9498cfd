#include "services/http_client/circuit.hpp"
#include "services/http_client/retry_after.hpp"
#include "services/net/address_check.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::services_http_client {
namespace {

using namespace std::chrono_literals;
using services::http_client::circuit;
using services::http_client::circuit_policy;
using services::http_client::circuit_state;
using services::http_client::parse_retry_after;
using services::net::is_public;

TEST(RetryAfter, GivenSecondsOrDatesWhenParsedThenTheTimeIsRight) {
  constexpr std::time_t now = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(parse_retry_after("120", now), 120s);
  EXPECT_EQ(parse_retry_after("0", now), 0s);
  EXPECT_EQ(parse_retry_after("1.337", now), 1337ms);
  EXPECT_EQ(parse_retry_after("99999999999999", now), 24h);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", now), 60s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:37 1994", now), 60s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:00:00 GMT", now), 24h);
  for (auto* none : {"", "soon", "-5", "nan", "inf", "1e3", "12 ", "0x10", "tomorrow 12"})
    EXPECT_EQ(parse_retry_after(none, now), std::nullopt) << none;
}

TEST(Circuit, GivenFailuresInARowWhenTheyReachTheBoundThenItOpensAndPausesGrow) {
  circuit_policy policy{.failures = 3, .first_pause = 1000ms, .longest_pause = 4000ms};
  circuit c{policy};
  circuit::clock::time_point now{1h};
  c.failed(now);
  c.failed(now);
  c.succeeded();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(c.admit(now));
    c.failed(now);
  }
  std::chrono::milliseconds whole[] = {1000ms, 2000ms, 4000ms, 4000ms};
  for (auto pause : whole) {
    EXPECT_EQ(c.state(), circuit_state::open);
    EXPECT_FALSE(c.admit(now));
    auto wait = c.opens_at() - now;
    EXPECT_GE(wait, pause / 2);
    EXPECT_LE(wait, pause);
    c.failed(now); // one that was sent before
    now = c.opens_at();
    EXPECT_TRUE(c.admit(now));
    EXPECT_EQ(c.state(), circuit_state::half_open);
    EXPECT_FALSE(c.admit(now)); // one trial at a time
    c.failed(now);
  }
  now = c.opens_at();
  EXPECT_TRUE(c.admit(now));
  c.abandoned();
  EXPECT_TRUE(c.admit(now));
  c.succeeded();
  EXPECT_TRUE(c.untouched());
  EXPECT_TRUE(c.admit(now));
  EXPECT_TRUE(c.admit(now));
}

TEST(AddressCheck, GivenSpecialAddressesWhenJudgedThenTheyAreNotPublic) {
  for (auto* text : {"0.0.0.0",
                     "0.255.255.255",
                     "10.0.0.1",
                     "10.255.255.255",
                     "100.64.0.1",
                     "100.100.100.200",
                     "100.127.255.255",
                     "127.0.0.1",
                     "127.255.255.255",
                     "168.63.129.16",
                     "169.254.169.254",
                     "172.16.0.1",
                     "172.31.255.255",
                     "192.0.0.8",
                     "192.0.2.1",
                     "192.88.99.1",
                     "192.168.0.1",
                     "198.18.0.1",
                     "198.19.255.255",
                     "198.51.100.1",
                     "203.0.113.1",
                     "224.0.0.1",
                     "239.255.255.255",
                     "240.0.0.1",
                     "255.255.255.255",
                     "::",
                     "::1",
                     "::ffff:10.0.0.1",
                     "::ffff:169.254.169.254",
                     "::127.0.0.1",
                     "64:ff9b::10.0.0.1",
                     "64:ff9b:1::1",
                     "100::1",
                     "2001::1",
                     "2001:10::1",
                     "2001:1ff::1",
                     "2001:db8::1",
                     "2002:7f00:1::",
                     "2002:a9fe:a9fe::1",
                     "3fff::1",
                     "fc00::1",
                     "fd00:ec2::254",
                     "fe80::1",
                     "fec0::1",
                     "ff02::1",
                     "5f00::1"})
    EXPECT_FALSE(is_public(boost::asio::ip::make_address(text))) << text;
}

TEST(AddressCheck, GivenAddressesNextToSpecialOnesWhenJudgedThenTheyArePublic) {
  for (auto* text : {"1.1.1.1",          "9.255.255.255",   "11.0.0.0",
                     "100.63.255.255",   "100.128.0.0",     "126.255.255.255",
                     "128.0.0.0",        "168.63.129.15",   "169.253.255.255",
                     "169.255.0.0",      "172.15.255.255",  "172.32.0.0",
                     "192.0.1.0",        "192.0.3.0",       "192.167.255.255",
                     "192.169.0.0",      "198.17.255.255",  "198.20.0.0",
                     "223.255.255.255",  "2606:4700::1111", "2001:4860:4860::8888",
                     "2001:200::1",      "2002:101:101::1", "2a00::1",
                     "64:ff9b::1.1.1.1", "::ffff:1.1.1.1",  "3ffe::1"})
    EXPECT_TRUE(is_public(boost::asio::ip::make_address(text))) << text;
}

} // namespace
} // namespace tutti::tests::services_http_client
