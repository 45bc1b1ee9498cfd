#include "protocols/discord/interactions/callbacks.hpp"
#include "tests/protocols/discord/outcomes.hpp"

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(Callbacks, GivenEachTypeWhenEncodedThenAsDocumented) {
  EXPECT_EQ(encode_pong(), R"({"type":1})");
  EXPECT_EQ(value_of(encode_reply({.content = "x", .ephemeral = true})),
            R"({"type":4,"data":{"content":"x","allowed_mentions":{"parse":[]},"flags":64}})");
  EXPECT_EQ(encode_deferred_reply(true), R"({"type":5,"data":{"flags":64}})");
  EXPECT_EQ(encode_deferred_reply(false), R"({"type":5})");
  EXPECT_EQ(encode_deferred_update(), R"({"type":6})");
  EXPECT_EQ(value_of(encode_update({.content = "y"})),
            R"({"type":7,"data":{"content":"y","allowed_mentions":{"parse":[]}}})");
}

TEST(Callbacks, GivenChoicesWhenEncodedThenOfOneType) {
  EXPECT_EQ(value_of(encode_choices(std::vector<choice>{{"A", "a"}, {"B", "b"}})),
            R"({"type":8,"data":{"choices":[{"name":"A","value":"a"},{"name":"B","value":"b"}]}})");
  EXPECT_EQ(value_of(encode_choices(std::vector<choice>{{"A", std::int64_t{-5}}})),
            R"({"type":8,"data":{"choices":[{"name":"A","value":-5}]}})");
  EXPECT_EQ(value_of(encode_choices({})), R"({"type":8,"data":{"choices":[]}})");
  auto refusal = [](std::vector<choice> choices) { return refusal_of(encode_choices(choices)); };
  EXPECT_EQ(refusal({{"A", "a"}, {"B", 1.5}}), "data.choices[1].value: must be of the others' type");
  EXPECT_EQ(refusal({{"A", "a"}, {"A", "b"}}), "data.choices[1].name: is there twice");
  EXPECT_EQ(refusal({{" ", "a"}}), "data.choices[0].name: must not be blank");
  EXPECT_EQ(refusal({{"A", std::string(101, 'x')}}), "data.choices[0].value: must have 1 to 100 characters");
  EXPECT_EQ(refusal({{"A", std::int64_t{1} << 60}}), "data.choices[0].value: must be within 2^53");
  std::vector<choice> many;
  for (int i = 0; i < 26; ++i)
    many.push_back({std::to_string(i), "v"});
  EXPECT_EQ(refusal(many), "data.choices: must have 0 to 25 elements");
  many.pop_back();
  EXPECT_EQ(refusal(many), "");
}

TEST(Callbacks, GivenModalWhenEncodedThenAsDocumented) {
  EXPECT_EQ(
      value_of(encode(modal{"m", "Save", {{"name", "Name", "my list", "", 1, 100, false, true}}})),
      R"({"type":9,"data":{"custom_id":"m","title":"Save","components":[{"type":18,"label":"Name","component":)"
      R"({"type":4,"style":1,"custom_id":"name","min_length":1,"max_length":100,"required":true,"placeholder":"my list"}}]}})");
}

TEST(Callbacks, GivenModalOutOfBoundsWhenEncodedThenTheFieldIsNamed) {
  const text_input input{.custom_id = "i", .label = "l"};
  EXPECT_EQ(refusal_of(encode(modal{"", "t", {input}})), "data.custom_id: must have 1 to 100 characters");
  EXPECT_EQ(refusal_of(encode(modal{"m", std::string(46, 'x'), {input}})),
            "data.title: must have 1 to 45 characters");
  EXPECT_EQ(refusal_of(encode(modal{"m", "t", {}})), "data.components: must have 1 to 5 elements");
  EXPECT_EQ(refusal_of(encode(modal{"m", "t", {input, input}})),
            "data.components[1].component.custom_id: is there twice");
  EXPECT_EQ(refusal_of(encode(modal{"m", "t", {{.custom_id = "i", .label = ""}}})),
            "data.components[0].label: must have 1 to 45 characters");
  EXPECT_EQ(refusal_of(encode(
                modal{"m", "t", {{.custom_id = "i", .label = "l", .min_length = 2, .max_length = 1}}})),
            "data.components[0].component.min_length: must not be more than max_length");
}

} // namespace
} // namespace tutti::tests::discord
