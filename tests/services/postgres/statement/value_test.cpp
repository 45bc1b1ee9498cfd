#include "services/postgres/connection/address.hpp"
#include "services/postgres/connection/server_words.hpp"
#include "services/postgres/migrations/migrations.hpp"
#include "services/postgres/statement/failure.hpp"
#include "services/postgres/statement/value.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;

namespace {

TEST(PostgresValue, GivenTimestampsWhenWrittenThenReadBack) {
  EXPECT_EQ(to_text({0}), "1970-01-01 00:00:00.000+00");
  EXPECT_EQ(to_text({951'782'399'999}), "2000-02-28 23:59:59.999+00");
  for (std::int64_t ms : {0LL, -1LL, 951'782'399'999LL, -62'135'596'800'000LL, 253'402'300'799'999LL})
    EXPECT_EQ(parse_timestamp(to_text({ms})), timestamp{ms});
  EXPECT_EQ(parse_timestamp("2000-02-29 00:00:00+00"), timestamp{951'782'400'000});
  EXPECT_EQ(parse_timestamp("2000-02-29 00:00:00.5+00"), timestamp{951'782'400'500});
  EXPECT_EQ(parse_timestamp("2000-02-29 00:00:00.123456+00"), timestamp{951'782'400'123});
  for (auto* bad : {"", "infinity", "2001-02-29 00:00:00+00", "2000-02-29 00:00:00+01", "2000-02-29",
                    "0044-03-15 00:00:00+00 BC", "12000-01-01 00:00:00+00", "2000-02-29 00:00:00"})
    EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
}

TEST(PostgresValue, GivenBytesWhenReadThenOnlyHexIsTaken) {
  EXPECT_EQ(parse_bytes("\\x"), bytes{});
  EXPECT_EQ(parse_bytes("\\x00ff7a"), (bytes{std::string("\0\xffz", 3)}));
  for (auto* bad : {"", "x00", "\\x0", "\\x0g", "\\000"})
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
}

TEST(PostgresValue, GivenArraysWhenEncodedThenQuoted) {
  EXPECT_EQ(param(std::vector<std::string>{"a", "", "NULL", "\"\\"}).data(), R"({"a","","NULL","\"\\"})");
  EXPECT_EQ(param(std::vector<std::int64_t>{}).data(), "{}");
  EXPECT_EQ(param(std::vector<bytes>{{"\x01z"}}).data(), R"({"\\x017a"})");
  EXPECT_FALSE(param(std::vector<std::string>{"a", std::string(1, '\0')}).valid());
}

} // namespace
