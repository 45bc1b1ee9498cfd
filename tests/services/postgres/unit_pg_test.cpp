#include "tests/services/postgres/support.hpp"

#include <limits>
#include <numeric>

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace tutti::services::postgres;
using testing::HasSubstr;
using tutti::runtime::ec;
using tutti::tests::awaited;
using tutti::tests::Postgres;
using tutti::tests::words;

namespace {

struct PostgresUnit : Postgres {};

constexpr statement insert_thing{"insert_thing", "INSERT INTO thing (id, name) VALUES ($1, $2)"};
constexpr statement count_things{"count_things", "SELECT count(*) FROM thing"};

TEST_F(PostgresUnit, GivenErrorInTheThirdStatementWhenRunThenNothingIsLeft) {
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text)").ok());
  auto got = run(unit{}.add(insert_thing, 1, "a").add(insert_thing, 2, "b").add(insert_thing, 1, "c"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->fate, fate::rolled_back);
  EXPECT_EQ(got.error->code, ec::conflict);
  EXPECT_EQ(got.error->sqlstate, "23505");
  EXPECT_THAT(got.error->text, HasSubstr("insert_thing"));
  EXPECT_TRUE(got.results.empty());
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 0);
  EXPECT_TRUE(run(unit{}.add(insert_thing, 1, "a")).ok());
}

TEST_F(PostgresUnit, GivenConstraintCheckedAtTheEndWhenBrokenThenTheUnitFails) {
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED, name text)").ok());
  auto got = run(unit{}.add(insert_thing, 1, "a").add(insert_thing, 1, "b"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->sqlstate, "23505");
  EXPECT_EQ(got.error->fate, fate::rolled_back);
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 0);
}

TEST_F(PostgresUnit, GivenManyUnitsOnOneConnectionWhenPipelinedThenInOrder) {
  pool_options options;
  options.connections = 1;
  options.pipeline = 16;
  open(options);
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text)").ok());
  std::vector<awaited<answer>> answers(500);
  for (std::size_t i = 0; i < answers.size(); ++i)
    pool->run(unit{}.add(insert_thing, i, "x").add(count_things), answers[i].callback());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto got = answers[i].get();
    ASSERT_TRUE(got.ok()) << words(got);
    ASSERT_EQ(got.results[1][0].get<std::size_t>(0), i + 1);
  }
  EXPECT_EQ(pool->stats().opened, 1u);
}

TEST_F(PostgresUnit, GivenFailingUnitAmongPipelinedOnesWhenRunThenOnlyItFails) {
  pool_options options;
  options.connections = 1;
  open(options);
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text)").ok());
  std::vector<awaited<answer>> answers(60);
  for (std::size_t i = 0; i < answers.size(); ++i) // each third repeats the id before
    pool->run(unit{}.add(insert_thing, i % 3 == 2 ? i - 1 : i, "x"), answers[i].callback());
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i].get().ok(), i % 3 != 2) << i;
  EXPECT_EQ(number("SELECT count(*) FROM thing"), 40);
  EXPECT_EQ(pool->stats().rolled_back, 20u);
}

TEST_F(PostgresUnit, GivenFiftyThousandRowsWhenUnnestedThenOneStatementInsertsThem) {
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text, raw bytea)").ok());
  std::vector<std::int64_t> ids(50'000);
  std::iota(ids.begin(), ids.end(), -25'000);
  std::vector<std::string> names;
  std::vector<bytes> raws;
  for (auto id : ids) {
    names.push_back("\"{" + std::to_string(id) + ",\\}é NULL");
    raws.push_back({std::string("\0\xff", 2) + std::to_string(id)});
  }
  auto got =
      run("INSERT INTO thing SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])", ids, names, raws);
  ASSERT_TRUE(got.ok()) << words(got);
  EXPECT_EQ(got.results[0].affected(), 50'000u);
  got = run("SELECT name, raw FROM thing WHERE id = $1", 24'999);
  EXPECT_EQ(got.results.at(0)[0].get<std::string>(0), names.back());
  EXPECT_EQ(got.results.at(0)[0].get<bytes>(1), raws.back());
}

TEST_F(PostgresUnit, GivenEveryTypeWhenSentAndReadThenTheSame) {
  bytes raw;
  for (int i = 0; i < 256; ++i)
    raw.data += static_cast<char>(i);
  std::string text = "'\"\\ \n\t ü 🎵 {} NULL";
  timestamp then{1'767'323'045'678}, early{-62'135'596'800'000}, before{-1};
  auto got =
      run("SELECT $1::text, $2::bigint, $3::bigint, $4::bool, $5::bool, $6::float8, $7::bytea, $8::text, "
          "$9::timestamptz,"
          " $10::timestamptz, $11::timestamptz, $12::uuid, $13::float8, $14::jsonb, ''::text, ''::bytea",
          text, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), true,
          false, 0.1, raw, nullptr, then, early, before, "0123456789abcdef0123456789abcdef",
          -std::numeric_limits<double>::infinity(), R"({"a": [1]})");
  ASSERT_TRUE(got.ok()) << words(got);
  auto row = got.results.at(0)[0];
  EXPECT_EQ(row.get<std::string>(0), text);
  EXPECT_EQ(row.get<std::int64_t>(1), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(row.get<std::int64_t>(2), std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(row.get<bool>(3));
  EXPECT_FALSE(row.get<bool>(4));
  EXPECT_EQ(row.get<double>(5), 0.1);
  EXPECT_EQ(row.get<bytes>(6), raw);
  EXPECT_EQ(row.get<std::optional<std::string>>(7), std::nullopt);
  EXPECT_EQ(row.get<timestamp>(8), then);
  EXPECT_EQ(row.get<timestamp>(9), early);
  EXPECT_EQ(row.get<timestamp>(10), before);
  EXPECT_EQ(row.get<std::string>(11), "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(row.get<double>(12), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(row.get<std::string>(13), R"({"a": [1]})");
  EXPECT_EQ(row.get<std::optional<std::string>>(14), "");
  EXPECT_EQ(row.get<bytes>(15), bytes{});
  EXPECT_THROW(row.get<std::string>(7), bad_value);
  EXPECT_THROW(row.get<std::int32_t>(2), bad_value);
  EXPECT_THROW(row.get<bool>(0), bad_value);
  EXPECT_THROW(row.get<std::string>(16), bad_value);
  EXPECT_THROW(got.results[0][1], bad_value);
}

TEST_F(PostgresUnit, GivenOptionalParametersWhenEmptyThenNull) {
  auto got = run("SELECT $1::bigint IS NULL, $2::bigint", std::optional<std::int64_t>{},
                 std::optional<std::int64_t>{7});
  EXPECT_TRUE(got.results.at(0)[0].get<bool>(0));
  EXPECT_EQ(got.results.at(0)[0].get<std::optional<int>>(1), 7);
}

TEST_F(PostgresUnit, GivenTextWithNulWhenRunThenRefusedUnsent) {
  auto got = run("SELECT $1::text", std::string("a\0b", 3));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->fate, fate::not_sent);
  EXPECT_EQ(got.error->code, ec::rejected);
  got = run("SELECT $1::text", "\xff");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->sqlstate, "22021");
  EXPECT_EQ(got.error->code, ec::rejected);
}

TEST_F(PostgresUnit, GivenWrongSqlWhenPreparedThenItsErrorAndTheNextOneWorks) {
  pool_options options;
  options.connections = 1;
  open(options);
  auto got = run(unit{}.add({"wrong", "SELECT nothing_like_it($1)"}, 1));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->code, ec::failed);
  EXPECT_EQ(got.error->sqlstate, "42883");
  EXPECT_EQ(number("SELECT 1"), 1);
  got = run(unit{}.add({"twice", "SELECT 1"}).add({"twice", "SELECT 2"}));
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error->text, HasSubstr("twice"));
  EXPECT_EQ(got.error->fate, fate::not_sent);
}

TEST_F(PostgresUnit, GivenCopyWhenRunThenFailsAndThePoolGoesOn) {
  auto got = run("COPY (SELECT 1) TO STDOUT");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(number("SELECT 1"), 1);
}

TEST_F(PostgresUnit, GivenReadOnlyServerWhenWrittenThenUnavailableAndClear) {
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text)").ok());
  ASSERT_TRUE(run("ALTER DATABASE postgres SET default_transaction_read_only = on").ok());
  open();
  auto got = run(unit{}.add(insert_thing, 1, "a"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->sqlstate, "25006");
  EXPECT_EQ(got.error->code, ec::unavailable);
  EXPECT_THAT(got.error->text, HasSubstr("read-only"));
  EXPECT_TRUE(
      tutti::tests::eventually([&] { return pool->stats().lost > 0; })); // the next may reach the new leader
}

TEST_F(PostgresUnit, GivenForgottenStatementsWhenRunThenTheConnectionIsReplaced) {
  pool_options options;
  options.connections = 1;
  open(options);
  constexpr statement one{"one", "SELECT 1"};
  ASSERT_TRUE(run(unit{}.add(one)).ok());
  ASSERT_TRUE(run("DEALLOCATE ALL").ok());
  auto got = run(unit{}.add(one));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->sqlstate, "26000");
  EXPECT_EQ(got.error->fate, fate::rolled_back);
  EXPECT_TRUE(run(unit{}.add(one)).ok());
}

TEST_F(PostgresUnit, GivenTableChangedByAMigrationWhenItsStatementRunsThenOneFailureAtMost) {
  pool_options options;
  options.connections = 1;
  open(options);
  constexpr statement all{"all_things", "SELECT * FROM thing"};
  ASSERT_TRUE(run("CREATE TABLE thing (id bigint PRIMARY KEY, name text)").ok());
  ASSERT_TRUE(run(unit{}.add(all)).ok());
  ASSERT_TRUE(run("ALTER TABLE thing ADD COLUMN more text").ok());
  EXPECT_EQ(run(unit{}.add(all)).error.value().sqlstate, "0A000");
  EXPECT_TRUE(run(unit{}.add(all)).ok());
}

TEST_F(PostgresUnit, GivenUnixSocketWhenConnectedThenAnswers) {
  pool_options options;
  options.url = server.socket_url();
  open(options);
  EXPECT_EQ(number("SELECT 1"), 1);
}

} // namespace
