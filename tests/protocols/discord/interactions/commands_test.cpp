#include "protocols/discord/interactions/commands.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <algorithm>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

command_definition named(std::string name) {
  return {.name = std::move(name), .description = "d"};
}

std::string refusal(std::vector<command_definition> commands) {
  return refusal_of(encode_commands(commands));
}

/// Of a command with these options.
std::string options_refusal(std::vector<option_definition> options) {
  return refusal({{.name = "n", .description = "d", .options = std::move(options)}});
}

TEST(Commands, GivenCommandWhenEncodedThenForGuildsOnly) {
  command_definition play{
      .name = "play",
      .description = "Plays",
      .options = {{.type = option_type::string,
                   .name = "query",
                   .description = "What",
                   .required = true,
                   .autocomplete = true,
                   .max_length = std::uint16_t{500}},
                  {.type = option_type::integer, .name = "at", .description = "Where", .min_value = 1.0}},
      .default_member_permissions = permission_set{32}};
  EXPECT_EQ(
      value_of(encode_commands(std::vector{play})),
      R"([{"type":1,"name":"play","description":"Plays","options":[{"type":3,"name":"query","description":"What",)"
      R"("required":true,"autocomplete":true,"max_length":500},{"type":4,"name":"at","description":"Where","min_value":1}],)"
      R"("default_member_permissions":"32","contexts":[0],"integration_types":[0]}])");
  EXPECT_EQ(value_of(encode_commands(
                std::vector{command_definition{.type = command_type::message, .name = "Play This"}})),
            R"([{"type":3,"name":"Play This","contexts":[0],"integration_types":[0]}])");
}

TEST(Commands, GivenSameSetInAnotherOrderWhenHashedThenTheSame) {
  std::vector commands{named("a"), named("b"), named("c")};
  auto hash = [&] { return commands_hash(value_of(encode_commands(commands))); };
  const auto before = hash();
  std::reverse(commands.begin(), commands.end());
  EXPECT_EQ(hash(), before);
  commands[1].description = "other";
  EXPECT_NE(hash(), before);
}

TEST(Commands, GivenNamesWhenNotAllowedThenRefused) {
  for (auto name : {"Play", "a b", "a.b", "a/b"})
    EXPECT_EQ(refusal({named(name)}), "[0].name: must be small letters, digits, - and _") << name;
  EXPECT_EQ(refusal({named("")}), "[0].name: must have 1 to 32 characters");
  EXPECT_EQ(refusal({named(std::string(33, 'a'))}), "[0].name: must have 1 to 32 characters");
  EXPECT_EQ(refusal({named("\xE6\x9B\xB2-1_x")}), "");
  EXPECT_EQ(refusal({{.name = "a", .description = std::string(101, 'x')}}),
            "[0].description: must have 1 to 100 characters");
  EXPECT_EQ(refusal({named("a"), named("a")}), "two commands have the same name");
  EXPECT_EQ(refusal({{.type = command_type::user, .name = "U", .description = "d"}}),
            "[0].description: is for slash commands only");
}

TEST(Commands, GivenOptionsThatDoNotFitWhenEncodedThenTheFieldIsNamed) {
  using enum option_type;
  EXPECT_EQ(options_refusal({{.type = string, .name = "a", .description = "d"},
                             {.type = string, .name = "b", .description = "d", .required = true}}),
            "[0].options[1].required: these come before the others");
  EXPECT_EQ(options_refusal({{.type = string, .name = "a", .description = "d"},
                             {.type = user, .name = "a", .description = "d"}}),
            "[0].options[1].name: is there twice");
  EXPECT_EQ(options_refusal({{.type = user, .name = "a", .description = "d", .autocomplete = true}}),
            "[0].options[0].autocomplete: is for strings and numbers only");
  EXPECT_EQ(
      options_refusal(
          {{.type = string, .name = "a", .description = "d", .autocomplete = true, .choices = {{"x", "y"}}}}),
      "[0].options[0].autocomplete: does not go with choices");
  EXPECT_EQ(options_refusal({{.type = integer, .name = "a", .description = "d", .choices = {{"x", "y"}}}}),
            "[0].options[0].choices: must have values of the option's type");
  EXPECT_EQ(options_refusal({{.type = integer, .name = "a", .description = "d", .min_value = 1.5}}),
            "[0].options[0].min_value: must be an integer");
  EXPECT_EQ(options_refusal(
                {{.type = number, .name = "a", .description = "d", .min_value = 2.0, .max_value = 1.0}}),
            "[0].options[0].min_value: must not be more than max_value");
  EXPECT_EQ(options_refusal({{.type = string, .name = "a", .description = "d", .max_value = 1.0}}),
            "[0].options[0].max_value: is for numbers only");
  EXPECT_EQ(
      options_refusal({{.type = string, .name = "a", .description = "d", .max_length = std::uint16_t{6001}}}),
      "[0].options[0].max_length: must be at most 6000");
  EXPECT_EQ(
      options_refusal(
          {{.type = role, .name = "a", .description = "d", .channel_types = {channel_type::guild_voice}}}),
      "[0].options[0].channel_types: are for channels only");
  std::vector<option_definition> many;
  for (int i = 0; i < 26; ++i)
    many.push_back({.type = boolean, .name = std::to_string(i), .description = "d"});
  EXPECT_EQ(options_refusal(many), "[0].options: must have 0 to 25 elements");
}

TEST(Commands, GivenSubcommandsWhenNestedThenAsFarAsDiscordAllows) {
  using enum option_type;
  const option_definition leaf{.type = string, .name = "x", .description = "d"};
  const option_definition sub{.type = subcommand, .name = "s", .description = "d", .options = {leaf}};
  const option_definition group{.type = subcommand_group, .name = "g", .description = "d", .options = {sub}};
  EXPECT_EQ(options_refusal({group, sub}), "");
  EXPECT_EQ(options_refusal({sub, leaf}),
            "[0].options[1].type: subcommands and other options do not go together");
  auto wrong = [](option_type type, std::vector<option_definition> options) {
    return options_refusal({{.type = type, .name = "w", .description = "d", .options = std::move(options)}});
  };
  EXPECT_EQ(wrong(subcommand_group, {leaf}), "[0].options[0].options: must be subcommands");
  EXPECT_EQ(wrong(subcommand_group, {}), "[0].options[0].options: must have 1 to 25 elements");
  EXPECT_EQ(wrong(subcommand, {sub}), "[0].options[0].options: must not be subcommands or groups");
  EXPECT_EQ(wrong(string, {leaf}), "[0].options[0].options: are for subcommands and groups only");
}

TEST(Commands, GivenTooMuchWhenEncodedThenRefused) {
  std::vector<command_definition> many;
  for (int i = 0; i < 101; ++i)
    many.push_back(named(std::to_string(i)));
  EXPECT_EQ(refusal(many), "there are too many commands of a type");
  many.pop_back();
  EXPECT_EQ(refusal(many), "");
  command_definition big = named("big");
  for (int i = 0; i < 25; ++i) {
    option_definition one{.type = option_type::string, .name = std::to_string(i), .description = "d"};
    for (int j = 0; j < 4; ++j)
      one.choices.push_back({std::to_string(j) + std::string(49, 'x'), std::string(40, 'y')});
    big.options.push_back(one);
  }
  EXPECT_EQ(refusal({big}), "[0]: must have at most 8000 characters in all");
}

} // namespace
} // namespace tutti::tests::discord
