#include "services/postgres/connection/address.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;

namespace {

TEST(PostgresAddress, GivenUrlsWhenParsedThenHostsAreListed) {
  auto two = address::parse("postgres://u:p%40ss@a:1,[::1]:2/db?sslmode=verify-full").value();
  ASSERT_EQ(two.hosts.size(), 2u);
  EXPECT_EQ(two.hosts[0].name, "a");
  EXPECT_EQ(two.hosts[0].port, "1");
  EXPECT_TRUE(two.hosts[0].needs_resolving());
  EXPECT_EQ(two.hosts[1].name, "::1");
  auto all = two.parameters({{"a", "1", "10.0.0.1"}, {"a", "1", "10.0.0.2"}});
  EXPECT_THAT(all, testing::IsSupersetOf({std::pair<std::string, std::string>{"host", "a,a"},
                                          {"hostaddr", "10.0.0.1,10.0.0.2"},
                                          {"port", "1,1"},
                                          {"password", "p@ss"},
                                          {"sslmode", "verify-full"}}));
  EXPECT_FALSE(address::parse("postgres:///db?host=/run/pg").value().hosts[0].needs_resolving());
  EXPECT_FALSE(address::parse("postgres:///db").value().hosts[0].needs_resolving());
  EXPECT_EQ(address::parse("postgres://u:secret@h/db?nonsense=1"), std::nullopt);
}

} // namespace
