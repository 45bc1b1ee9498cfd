#include "tests/services/postgres/support.hpp"

#include <gmock/gmock.h>

using namespace std::chrono_literals;
using namespace tutti::services::postgres;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tutti::runtime::ec;
using tutti::tests::awaited;
using tutti::tests::postgres_server;
using tutti::tests::words;

namespace {

struct PostgresLogin : testing::Test {
  explicit PostgresLogin(postgres_server::login how = postgres_server::login::password) : server(how) {}

  postgres_server server;
  tutti::services::net::io_thread io{"pg-test"};

  answer ask(const std::string& url, unit work = unit{}.add({"", "SELECT current_user"})) {
    pool_options options;
    options.url = url;
    options.queue_wait = 2s; // for what is not refused at once
    pool one{io.context(), options};
    awaited<answer> got;
    one.run(std::move(work), got.callback());
    return got.get();
  }
};

TEST_F(PostgresLogin, GivenPasswordWhenRightThenConnected) {
  auto got = ask(server.url());
  ASSERT_TRUE(got.ok()) << words(got);
  EXPECT_EQ(got.results[0][0].get<std::string>(0), "tutti");
}

TEST_F(PostgresLogin, GivenWrongPasswordWhenConnectedThenRefusedInClearWordsWithoutIt) {
  auto got = ask(server.url_as("tutti:secret-word"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->code, ec::rejected);
  EXPECT_EQ(got.error->fate, fate::not_sent);
  EXPECT_EQ(got.error->sqlstate, "28P01");
  EXPECT_THAT(got.error->text, AllOf(HasSubstr("password authentication failed for user \"tutti\""),
                                     Not(HasSubstr("secret-word"))));
}

TEST_F(PostgresLogin, GivenUnknownDatabaseWhenConnectedThenRefused) {
  auto got = ask(server.url("nowhere"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error->code, ec::rejected);
  EXPECT_EQ(got.error->sqlstate, "3D000");
  EXPECT_THAT(got.error->text, HasSubstr("nowhere"));
}

TEST_F(PostgresLogin, GivenServerWithoutTlsWhenItIsRequiredThenNotConnected) {
  EXPECT_THAT(ask(server.url() + "?sslmode=require").error.value().text, HasSubstr("SSL"));
}

TEST_F(PostgresLogin, GivenUnknownHostWhenConnectedThenSaysSo) {
  EXPECT_THAT(ask("postgres://u:pw@no-such-host.invalid/db").error.value().text,
              HasSubstr("cannot resolve \"no-such-host.invalid\""));
}

struct PostgresTls : PostgresLogin {
  PostgresTls() : PostgresLogin(postgres_server::login::tls) {}
  std::string tls_url(const std::string& host) const {
    return "postgres://tutti:sesame!@" + host + ":" + std::to_string(server.port())
           + "/postgres?sslmode=verify-full&sslrootcert=" + server.certificate().string();
  }
};

TEST_F(PostgresTls, GivenItsNameAndRootWhenVerifiedThenConnectedAndMegabytesPass) {
  std::string much(5'000'000, 'x');
  auto got =
      ask(tls_url("localhost"),
          unit{}.add({"", "SELECT $1::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"}, much));
  ASSERT_TRUE(got.ok()) << words(got);
  EXPECT_EQ(got.results[0][0].get<std::string_view>(0), much);
  EXPECT_TRUE(got.results[0][0].get<bool>(1));
}

TEST_F(PostgresTls, GivenAnotherNameOrRootWhenVerifiedThenRefused) {
  EXPECT_THAT(ask(tls_url("127.0.0.1")).error.value().text, HasSubstr("does not match"));
  EXPECT_THAT(ask(server.url() + "?sslmode=verify-full&sslrootcert=/dev/null").error.value().text,
              HasSubstr("certificate"));
}

} // namespace
