#include "services/postgres/address.hpp"
#include "services/postgres/failure.hpp"
#include "services/postgres/migrations.hpp"
#include "services/postgres/server_words.hpp"
#include "services/postgres/value.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;
using testing::HasSubstr;
using tutti::runtime::ec;

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

TEST(PostgresFailure, GivenSqlstatesWhenClassifiedThenTheyTellWhatToDo) {
  for (auto* state :
       {"40001", "40P01", "08006", "57P01", "57P02", "57P03", "53300", "25006", "55P03", "57014", ""})
    EXPECT_EQ(classify(state), ec::unavailable) << state;
  EXPECT_EQ(classify("23505"), ec::conflict);
  EXPECT_EQ(classify("22P02"), ec::rejected);
  EXPECT_EQ(classify("42501"), ec::rejected);
  EXPECT_EQ(classify("28P01"), ec::rejected);
  EXPECT_EQ(classify("3D000"), ec::rejected);
  EXPECT_EQ(classify("42P01"), ec::failed);
  EXPECT_TRUE((failure{.sqlstate = "40P01"}.retryable()));
  EXPECT_FALSE((failure{.sqlstate = "55P03"}.retryable()));
}

TEST(PostgresFailure, GivenLoginErrorsOfLibpqWhenReadThenTheLastStateAndOneLine) {
  auto why = parse_login_failure(
      "connection to server at \"h\" (::1), port 5432 failed: FATAL:  28000: no entry\n"
      "LOCATION:  ClientAuthentication, auth.c:543\n"
      "connection to server at \"h\" (127.0.0.1), port 5432 failed: FATAL:  28P01: no password\n"
      "LOCATION:  auth_failed, auth.c:331\n");
  EXPECT_EQ(why.sqlstate, "28P01");
  EXPECT_EQ(why.text, "connection to server at \"h\" (::1), port 5432 failed: FATAL:  no entry; "
                      "connection to server at \"h\" (127.0.0.1), port 5432 failed: FATAL:  no password");
  EXPECT_EQ(why.code, ec::rejected);
  why = parse_login_failure(
      "connection to server at \"h\" (::1), port 1 failed: Connection refused\n\tIs the server running?\n");
  EXPECT_EQ(why.sqlstate, "");
  EXPECT_EQ(why.code, ec::unavailable);
}

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

TEST(PostgresPoolOptions, GivenMistakesWhenValidatedThenNamedWithoutTheUrl) {
  pool_options options;
  options.url = "postgres://u:secret@h/db";
  EXPECT_EQ(options.validate(), "");
  auto bad = options;
  bad.connections = 0;
  EXPECT_THAT(bad.validate(), HasSubstr("connections"));
  bad = options;
  bad.backoff_max = bad.backoff_base / 2;
  EXPECT_THAT(bad.validate(), HasSubstr("backoff_max"));
  bad = options;
  bad.url = "postgres://u:secret@h:x:y/db?nonsense=1";
  EXPECT_THAT(bad.validate(), testing::AllOf(HasSubstr("URL"), testing::Not(HasSubstr("secret"))));
}

struct MigrationPlan : testing::Test {
  std::vector<migration> known{{1, "0001_a", "x", ""}, {2, "0002_b", "y", ""}};
};

TEST_F(MigrationPlan, GivenSomeAppliedWhenPlannedThenTheOthersArePending) {
  EXPECT_EQ(plan(known, {}).pending.size(), 2u);
  auto rest = plan(known, {{1, "0001_a", "x"}});
  EXPECT_FALSE(rest.error);
  ASSERT_EQ(rest.pending.size(), 1u);
  EXPECT_EQ(rest.pending[0].version, 2);
  EXPECT_TRUE(plan(known, {{1, "0001_a", "x"}, {2, "0002_b", "y"}}).pending.empty());
}

TEST_F(MigrationPlan, GivenChangedOrUnknownMigrationWhenPlannedThenRefused) {
  EXPECT_THAT(plan(known, {{1, "0001_a", "z"}}).error.value().text, HasSubstr("0001_a was changed"));
  auto newer = plan(known, {{1, "0001_a", "x"}, {2, "0002_b", "y"}, {3, "0003_c", "z"}});
  EXPECT_THAT(newer.error.value().text, HasSubstr("newer than this binary"));
  EXPECT_TRUE(newer.pending.empty());
  EXPECT_EQ(newer.error->code, ec::rejected);
}

TEST(Migrations, GivenTheBinaryWhenListedThenNumberedWithoutGaps) {
  int next = 1;
  for (auto& m : migrations()) {
    EXPECT_EQ(m.version, next++);
    EXPECT_EQ(m.checksum.size(), 64u);
    EXPECT_FALSE(m.sql.empty());
  }
  EXPECT_GE(next, 3);
}

} // namespace
