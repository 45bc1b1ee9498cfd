#include "services/postgres/migrations/migrations.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;
using testing::HasSubstr;
using tutti::runtime::ec;

namespace {

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
