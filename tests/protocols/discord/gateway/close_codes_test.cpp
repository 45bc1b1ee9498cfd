#include "protocols/discord/gateway/close_codes.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(CloseCodes, GivenDocumentedCodesWhenAskedThenTheirPolicies) {
  for (std::uint16_t code : {1000, 1001, 1006, 4000, 4001, 4002, 4005, 4008})
    EXPECT_EQ(policy_of(code).then, after_close::resume) << code;
  for (std::uint16_t code : {4003, 4007, 4009})
    EXPECT_EQ(policy_of(code).then, after_close::identify) << code;
  for (std::uint16_t code : {4004, 4010, 4011, 4012, 4013, 4014})
    EXPECT_EQ(policy_of(code).then, after_close::fatal) << code;
}

TEST(CloseCodes, GivenAnyCodeWhenAskedThenThatCodeWithWords) {
  for (unsigned code = 0; code <= 0xFFFF; ++code) {
    auto policy = policy_of(static_cast<std::uint16_t>(code));
    ASSERT_EQ(policy.code, code);
    ASSERT_FALSE(policy.words.empty());
    if (code < 4003 || code > 4014) {
      ASSERT_EQ(policy.then, after_close::resume) << code;
    }
  }
  static_assert(close_keeping_session != 1000 && close_keeping_session != 1001);
}

} // namespace
} // namespace tutti::tests::discord
