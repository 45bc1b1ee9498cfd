#include "protocols/discord/rest/answers.hpp"
#include "tests/protocols/discord/outcomes.hpp"

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(Answers, GivenGatewayBotWhenDecodedThenUrlShardsAndLimits) {
  auto x = value_of(decode_gateway_bot(
      R"({"url":"wss://gw.example","shards":4,"session_start_limit":{"total":1000,"remaining":987,"reset_after":14400000,"max_concurrency":16}})"));
  EXPECT_EQ(x.url, "wss://gw.example");
  EXPECT_EQ(x.shards, 4u);
  EXPECT_EQ(x.identifies_total, 1000u);
  EXPECT_EQ(x.identifies_left, 987u);
  EXPECT_EQ(x.reset_after_ms, 14'400'000);
  EXPECT_EQ(x.max_concurrency, 16u);
}

TEST(Answers, GivenGatewayBotOutOfBoundsWhenDecodedThenTheFieldIsNamed) {
  auto of = [](std::string_view url, std::string_view shards, std::string_view limit) {
    return refusal_of(decode_gateway_bot(R"({"url":)" + std::string{url} + R"(,"shards":)"
                                         + std::string{shards} + R"(,"session_start_limit":)"
                                         + std::string{limit} + "}"));
  };
  const auto good = R"({"remaining":1,"reset_after":0,"max_concurrency":1})";
  EXPECT_EQ(of("\"ws://x\"", "1", good), "");
  EXPECT_EQ(of("\"https://x\"", "1", good), "url: must be a ws or wss URL");
  EXPECT_EQ(of("\"ws://x\"", "0", good), "shards: must be at least 1");
  EXPECT_EQ(of("\"ws://x\"", "1", "{}"), "session_start_limit.remaining: is missing");
  EXPECT_EQ(of("\"ws://x\"", "1", R"({"remaining":1,"max_concurrency":0})"),
            "session_start_limit.max_concurrency: must be at least 1");
  EXPECT_EQ(of("\"ws://x\"", "1", R"({"remaining":1,"reset_after":-1})"),
            "session_start_limit.reset_after: must not be negative");
  EXPECT_EQ(refusal_of(decode_gateway_bot(R"({"url":"wss://x","shards":1})")),
            "session_start_limit: is missing");
}

TEST(Answers, GivenMessageUserAndCommandsWhenDecodedThenTheirIds) {
  auto posted =
      value_of(decode_posted_message(R"({"content":"x","id":"9007199254740993","channel_id":"2"})"));
  EXPECT_EQ(posted.id.value, 9007199254740993u);
  EXPECT_EQ(posted.channel, channel_id{2});
  EXPECT_EQ(value_of(decode_user(R"({"id":"500","username":"tutti","bot":true,"global_name":null})")),
            (user_info{user_id{500}, "tutti", "", true}));
  auto commands =
      value_of(decode_registered_commands(R"([{"id":"1","name":"play"},{"id":"2","type":3,"name":"P"}])"));
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].type, command_type::chat_input);
  EXPECT_EQ(commands[1].type, command_type::message);
  EXPECT_EQ(refusal_of(decode_registered_commands(R"([{"id":"1"}])")), "[0].name: is missing");
}

TEST(Answers, GivenInvalidFormBodyWhenDecodedThenEachFieldWithItsWords) {
  auto x = value_of(decode_api_error(
      R"({"code":50035,"message":"Invalid Form Body","errors":{"embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 256 or fewer."}]}}},)"
      R"("content":{"_errors":[{"code":"X","message":"Too long."}]},"odd":5}})"));
  EXPECT_EQ(x.code, api_codes::invalid_form_body);
  EXPECT_EQ(to_string(x),
            "50035 Invalid Form Body (embeds.0.title: Must be 256 or fewer.; content: Too long.)");
}

TEST(Answers, GivenOtherErrorsWhenDecodedThenCodeAndMessage) {
  EXPECT_EQ(to_string(value_of(decode_api_error(R"({"message":"Unknown interaction","code":10062})"))),
            "10062 Unknown interaction");
  EXPECT_EQ(value_of(decode_api_error(R"({"message":"401: Unauthorized"})")).code, 0);
  EXPECT_NE(refusal_of(decode_api_error("upstream connect error")), "");
}

TEST(Answers, GivenHostileErrorTreeWhenDecodedThenBounded) {
  std::string tree = R"({"_errors":[{"message":"m"}]})";
  for (int i = 0; i < 60; ++i)
    tree = R"({")" + std::string(50, 'k') + R"(":)" + tree + "}";
  auto x = value_of(decode_api_error(R"({"code":1,"message":"m","errors":)" + tree + "}"));
  ASSERT_EQ(x.errors.size(), 1u);
  EXPECT_LE(x.errors[0].field.size(), 200u);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += (i ? "," : "") + std::string{R"({"message":"m"})"};
  EXPECT_EQ(value_of(decode_api_error(R"({"errors":{"_errors":[)" + many + "]}}")).errors.size(), 20u);
}

} // namespace
} // namespace tutti::tests::discord
