#include "runtime/error.hpp"
#include "runtime/outbound/http.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::runtime_outbound {
namespace {

using namespace runtime::outbound;
using runtime::ec;

TEST(HttpHeaders, GivenNamesInAnyCaseWhenLookedUpThenTheFirstIsFound) {
  http_headers headers{{"Retry-After", "1"}, {"retry-after", "2"}};
  headers.add("X-Empty", "");
  EXPECT_EQ(headers.find("RETRY-AFTER"), "1");
  EXPECT_EQ(headers.find("x-empty"), "");
  EXPECT_EQ(headers.find("Retry"), std::nullopt);
  EXPECT_EQ(headers.size(), 3U);
}

TEST(HttpHeaders, GivenLinesThatCouldPoseAsOthersWhenCheckedThenNotWellFormed) {
  EXPECT_TRUE((http_headers{{"Authorization", "Bot a.b-c_d"}, {"X-Note", "tab\tand \xC3\xA4"}, {"X", ""}})
                  .well_formed());
  for (auto* value : {"a\r\nX: y", "a\nb", "a\rb", "a\x01", "a\x7f"})
    EXPECT_FALSE((http_headers{{"X", value}}).well_formed()) << value;
  EXPECT_FALSE((http_headers{{"X", std::string("a\0b", 3)}}).well_formed());
  for (auto* name : {"", "X Y", "X:", "X\r\nY", "\xC3\xA4"})
    EXPECT_FALSE((http_headers{{name, "v"}}).well_formed()) << name;
}

TEST(HttpResult, GivenEachFailureWhenTurnedIntoAnErrorThenTheCodeSaysWhatToDo) {
  auto error_of = [](http_failure f) {
    http_result result;
    result.failure = f;
    result.reason = "why";
    return to_error(result);
  };
  EXPECT_FALSE(error_of(http_failure::none));
  EXPECT_TRUE(is(error_of(http_failure::rejected), ec::rejected));
  EXPECT_TRUE(is(error_of(http_failure::not_sent), ec::unavailable));
  EXPECT_TRUE(is(error_of(http_failure::circuit_open), ec::unavailable));
  EXPECT_TRUE(is(error_of(http_failure::deadline), ec::timeout));
  EXPECT_TRUE(is(error_of(http_failure::broken), ec::timeout));
  EXPECT_TRUE(is(error_of(http_failure::too_large), ec::malformed));
  EXPECT_EQ(runtime::words(error_of(http_failure::broken)), "why");
}

} // namespace
} // namespace tutti::tests::runtime_outbound
