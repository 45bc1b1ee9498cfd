#include "services/postgres/connection/server_words.hpp"
#include "services/postgres/statement/failure.hpp"

#include <gmock/gmock.h>

using namespace tutti::services::postgres;
using tutti::runtime::ec;

namespace {

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

} // namespace
