#include "services/postgres/pool.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;
using testing::HasSubstr;

namespace {

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

} // namespace
