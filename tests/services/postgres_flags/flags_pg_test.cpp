#include "services/net/io_thread.hpp"
#include "services/postgres/migrations/migrations.hpp"
#include "services/postgres_flags/store.hpp"
#include "tests/runtime/store/flags/flag_store.hpp"
#include "tests/support/postgres_server.hpp"

#include <future>
#include <stdexcept>

#include <poll.h>

namespace tutti::tests::flags {
namespace {

namespace pg = services::postgres;
using runtime::ec;
using steady = std::chrono::steady_clock;

constexpr auto deadline = 3s;
/// What a busy machine may take on top of it.
constexpr auto patience = 30s;

/// A server of its own, migrated; each store has a pool of its own.
class postgres_world final : public world {
public:
  explicit postgres_world(std::chrono::milliseconds limit) : limit_(limit) {
    auto admin = open();
    std::promise<pg::migrate_result> answered;
    pg::migrate(*admin, pg::migrations(), {},
                [&](pg::migrate_result r) { answered.set_value(std::move(r)); });
    if (auto result = answered.get_future().get(); result.error)
      throw std::runtime_error(result.error->text);
  }
  ~postgres_world() override { end_stores(); }

  caf::actor start_store() override {
    pools_.push_back(open());
    return start([this](auto& parent, auto at) {
      return services::postgres_flags::spawn_postgres_flag_store(parent, std::move(at), *pools_.back(),
                                                                 limit_);
    });
  }
  std::string text(std::string_view sql) {
    auto own = open();
    std::promise<pg::answer> got;
    own->run(pg::unit{}.add({"", sql}), [&](pg::answer a) { got.set_value(std::move(a)); });
    auto answered = got.get_future().get();
    if (!answered.ok())
      throw std::runtime_error(answered.error->text);
    return answered.results.at(0).empty() ? "" : answered.results.at(0)[0].get<std::string>(0);
  }
  postgres_server& server() { return postgres_; }

private:
  std::unique_ptr<pg::pool> open() {
    pg::pool_options how;
    how.url = postgres_.url();
    return std::make_unique<pg::pool>(io_.context(), how);
  }

  std::chrono::milliseconds limit_;
  postgres_server postgres_;
  services::net::io_thread io_{"test-flags"};
  std::vector<std::unique_ptr<pg::pool>> pools_;
};

provider limited_to(std::chrono::milliseconds limit) {
  return {"postgres", [limit] { return std::make_unique<postgres_world>(limit); }};
}
INSTANTIATE_TEST_SUITE_P(Postgres, FlagStore, testing::Values(limited_to(patience)));

struct FlagServer : FlagStore {
  postgres_world& at() { return static_cast<postgres_world&>(here()); }
};
INSTANTIATE_TEST_SUITE_P(Postgres, FlagServer, testing::Values(limited_to(deadline)));

TEST_P(FlagServer, GivenChangesWhenAcceptedThenEachHasALineInTheAuditLogAndRefusedOnesNone) {
  auto a = node();
  auto what = order("x");
  what.percentage = 25;
  written(a, what);
  what.expected = 7;
  EXPECT_TRUE(runtime::is(ask<flag_written>(a, what).error, ec::conflict));
  written(a, order("x", false));
  EXPECT_EQ(at().text("SELECT string_agg(concat_ws(' ', actor, action, subject, details), '; ' ORDER BY id) "
                      "FROM audit_log"),
            "tester flag.set flag:x {\"enabled\": true, \"version\": 1, \"percentage\": 25}; "
            "tester flag.set flag:x {\"enabled\": false, \"version\": 2}");
}

TEST_P(FlagServer, GivenAuditLogThatRefusesWhenWrittenThenTheFlagIsAsItWas) {
  auto a = node();
  auto made = written(a, order("x"));
  at().text("ALTER TABLE audit_log ADD CONSTRAINT shut CHECK (actor <> 'tester') NOT VALID");
  auto refused = ask<flag_written>(a, order("x", false));
  EXPECT_TRUE(runtime::is(refused.error, ec::unavailable)) << runtime::describe(refused.error);
  EXPECT_EQ(read(a, "x"), made);
}

TEST_P(FlagServer, GivenServerThatDiesWhenAskedThenAnErrorInTimeAndItHeals) {
  auto a = node();
  auto made = written(a, order("x"));
  at().server().kill();
  auto asked = steady::now();
  for (auto error : {ask<flag_found>(a, read_flag{"x"}).error, ask<flag_written>(a, order("x", false)).error,
                     ask<flags_listed>(a, list_flags{}).error})
    EXPECT_TRUE(runtime::is(error, ec::unavailable) || runtime::is(error, ec::timeout))
        << runtime::describe(error);
  EXPECT_LT(steady::now() - asked, 3 * deadline + patience);
  at().server().start();
  answer<flag_found> got;
  for (auto until = steady::now() + patience; !got && steady::now() < until; ::poll(nullptr, 0, 20))
    got = ask<flag_found>(a, read_flag{"x"});
  ASSERT_TRUE(got) << runtime::describe(got.error);
  EXPECT_EQ(got->flag->name, made.name);
}

TEST_P(FlagServer, GivenFrozenServerWhenAskedThenTimeout) {
  auto a = node();
  written(a, order("x"));
  at().server().freeze();
  auto asked = steady::now();
  auto got = ask<flag_written>(a, order("x", false));
  EXPECT_TRUE(runtime::is(got.error, ec::timeout)) << runtime::describe(got.error);
  EXPECT_GE(steady::now() - asked, deadline - 1ms);
  at().server().thaw();
}

} // namespace
} // namespace tutti::tests::flags
