#include "services/sim/base/event_log.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::sim;

struct EventLog : testing::Test {
  event_loop loop;
  event_log log{loop};
  json read(std::uint64_t since, std::size_t limit = 100) { return *json::parse(log.since(since, limit)); }
};

TEST_F(EventLog, GivenEventsWhenReadInStepsThenEachOnce) {
  for (int i = 0; i < 5; ++i)
    log.add("discord", "x", json::object{{"i", i}});
  auto first = read(0, 3);
  EXPECT_EQ(first["events"].items().size(), 3u);
  auto rest = read(static_cast<std::uint64_t>(first["next"].integer()));
  ASSERT_EQ(rest["events"].items().size(), 2u);
  EXPECT_EQ(rest["events"].items()[1]["i"].integer(), 4);
  EXPECT_EQ(rest["lost"].integer(), 0);
  EXPECT_TRUE(read(static_cast<std::uint64_t>(rest["next"].integer()))["events"].items().empty());
}

TEST_F(EventLog, GivenMoreThanItHoldsWhenReadThenSaysHowManyAreLost) {
  for (std::size_t i = 0; i < event_log::max_events + 10; ++i)
    log.add("discord", "x", json::object{});
  EXPECT_EQ(read(1)["lost"].integer(), 10);
  EXPECT_EQ(read(11)["lost"].integer(), 0);
}

TEST_F(EventLog, GivenBreachesWhenCountedThenByKind) {
  log.breach("discord", "rate", json::object{{"path", "/x"}});
  log.breach("discord", "rate");
  log.breach("discord", "other");
  EXPECT_EQ(log.breaches().dump(), R"({"other":1,"rate":2})");
  EXPECT_EQ(read(0)["events"].items()[0]["path"].text(), "/x");
}

} // namespace
