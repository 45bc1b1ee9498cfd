#include "protocols/discord/interactions/incoming.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <string>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

/// An interaction of a guild's member around `data`, which stands before its type as it may.
std::string around(std::string_view data, int type) {
  return R"({"id":"910","data":)" + std::string{data}
         + R"(,"application_id":"800","token":"itk","version":1,"guild_id":"900","channel_id":"901",)"
           R"("member":{"user":{"id":"700","username":"ada","discriminator":"0","avatar":null,"global_name":"Ada"},)"
           R"("nick":null,"roles":["5","6"],"permissions":"2147483648","deaf":false},"app_permissions":"3146752",)"
           R"("locale":"en-US","guild_locale":"de","entitlements":[],"context":0,"type":)"
         + std::to_string(type) + "}";
}

interaction of(std::string_view data, int type) {
  return value_of(decode_interaction(around(data, type)));
}

TEST(Interaction, GivenSlashCommandWhenDecodedThenWhoWhereAndWhat) {
  auto x =
      of(R"({"id":"920","name":"play","type":1,"options":[{"name":"query","type":3,"value":"loop"}]})", 2);
  EXPECT_EQ(x.id.value, 910u);
  EXPECT_EQ(x.application.value, 800u);
  EXPECT_EQ(x.type, interaction_type::command);
  EXPECT_EQ(x.token, "itk");
  EXPECT_EQ(x.guild, guild_id{900});
  EXPECT_EQ(x.channel, channel_id{901});
  EXPECT_EQ(x.by.user, (user_info{user_id{700}, "ada", "Ada", false}));
  EXPECT_EQ(x.by.roles, (std::vector<role_id>{role_id{5}, role_id{6}}));
  EXPECT_EQ(x.by.permissions.bits, 2147483648u);
  EXPECT_EQ(x.app_permissions.bits, 3146752u);
  EXPECT_EQ(x.locale, "en-US");
  EXPECT_EQ(x.guild_locale, "de");
  EXPECT_EQ(x.by.display_name(), "Ada");
  auto& data = std::get<command_data>(x.data);
  EXPECT_EQ(data.id.value, 920u);
  EXPECT_EQ(data.name, "play");
  EXPECT_EQ(data.options, (std::vector<command_option>{{"query", option_type::string, "loop", false}}));
  EXPECT_EQ(data.find("other"), nullptr);
}

TEST(Interaction, GivenOptionsOfEachTypeWhenDecodedThenTheirValues) {
  auto data = std::get<command_data>(
      of(R"({"id":"1","name":"n","options":[{"value":-5,"type":4,"name":"i"},{"name":"f","type":10,"value":1},)"
         R"({"name":"b","type":5,"value":true},{"name":"u","type":6,"value":"18446744073709551615"},{"name":"c","type":7,"value":"2"},)"
         R"({"name":"r","type":8,"value":"3"},{"name":"m","type":9,"value":"4"},{"name":"a","type":11,"value":"5"},)"
         R"({"name":"new","type":77,"value":"x"}]})",
         2)
          .data);
  auto value = [&](std::string_view name) { return data.find(name)->value; };
  EXPECT_EQ(std::get<std::int64_t>(value("i")), -5);
  EXPECT_EQ(std::get<double>(value("f")), 1.0);
  EXPECT_EQ(std::get<bool>(value("b")), true);
  EXPECT_EQ(std::get<option_target>(value("u")).id, UINT64_MAX);
  for (auto name : {"c", "r", "m", "a"})
    EXPECT_TRUE(std::holds_alternative<option_target>(value(name))) << name;
  EXPECT_EQ(std::get<std::string>(value("new")), "x");
}

TEST(Interaction, GivenSubcommandsWhenDecodedThenGroupNameAndOptions) {
  auto grouped = std::get<command_data>(
      of(R"({"id":"1","name":"filter","options":[{"name":"preset","type":2,"options":[{"options":[{"name":"level","type":4,"value":3}],"type":1,"name":"bass"}]}]})",
         2)
          .data);
  EXPECT_EQ(grouped.group, "preset");
  EXPECT_EQ(grouped.subcommand, "bass");
  EXPECT_EQ(std::get<std::int64_t>(grouped.find("level")->value), 3);
  auto plain = std::get<command_data>(
      of(R"({"id":"1","name":"queue","options":[{"name":"clear","type":1}]})", 2).data);
  EXPECT_EQ(plain.group, "");
  EXPECT_EQ(plain.subcommand, "clear");
  EXPECT_TRUE(plain.options.empty());
}

TEST(Interaction, GivenOptionsNestedTooDeeplyWhenDecodedThenRefused) {
  std::string options = "[]";
  for (int i = 0; i < 20; ++i)
    options = R"([{"name":"x","type":2,"options":)" + options + "}]";
  auto refused =
      refusal_of(decode_interaction(around(R"({"id":"1","name":"n","options":)" + options + "}", 2)));
  EXPECT_EQ(refused, "d.data.options[0].options[0].options[0].options: is nested too deeply");
}

TEST(Interaction, GivenTooManyOptionsWhenDecodedThenRefused) {
  std::string options;
  for (int i = 0; i < 26; ++i)
    options += (i ? "," : "") + std::string{R"({"name":"x","type":5,"value":true})"};
  EXPECT_EQ(refusal_of(decode_interaction(around(R"({"id":"1","name":"n","options":[)" + options + "]}", 2))),
            "d.data.options[25]: is one option too many");
}

TEST(Interaction, GivenAutocompleteWhenDecodedThenTheFocusedTextWhateverItsType) {
  auto data = std::get<command_data>(
      of(R"({"id":"1","name":"seek","options":[{"name":"a","type":3,"value":"x"},{"value":"1:2","name":"to","type":4,"focused":true}]})",
         4)
          .data);
  ASSERT_NE(data.focused(), nullptr);
  EXPECT_EQ(data.focused()->name, "to");
  EXPECT_EQ(std::get<std::string>(data.focused()->value), "1:2");
}

TEST(Interaction, GivenResolvedThingsWhenDecodedThenAllKinds) {
  auto data = std::get<command_data>(
      of(R"({"id":"1","name":"n","type":3,"target_id":"77","resolved":{"users":{"700":{"id":"700","username":"ada","bot":true}},)"
         R"("members":{"700":{"roles":[]}},"roles":{"5":{"id":"5","name":"DJ"}},"channels":{"6":{"id":"6","type":2,"name":"voice"}},)"
         R"("messages":{"77":{"id":"77","content":"https://x.example","author":{"id":"1","username":"u"},"attachments":[{"id":"8","url":"https://cdn.example/f.mp3"}]}},)"
         R"("attachments":{"9":{"id":"9","filename":"a.ogg","url":"https://cdn.example/a.ogg","size":5000000000,"content_type":"audio/ogg","duration_secs":1.5}}}})",
         2)
          .data);
  EXPECT_EQ(data.type, command_type::message);
  EXPECT_EQ(data.target, 77u);
  auto& x = data.resolved;
  EXPECT_EQ(x.users, (std::vector<user_info>{{user_id{700}, "ada", "", true}}));
  EXPECT_EQ(x.roles.at(0).name, "DJ");
  EXPECT_EQ(x.channels.at(0).type, channel_type::guild_voice);
  EXPECT_EQ(x.messages.at(0).content, "https://x.example");
  EXPECT_EQ(x.messages.at(0).attachments.at(0).url, "https://cdn.example/f.mp3");
  EXPECT_EQ(x.attachments, (std::vector<attachment>{{attachment_id{9}, "a.ogg", "https://cdn.example/a.ogg",
                                                     "audio/ogg", 5000000000, 1.5}}));
}

TEST(Interaction, GivenComponentsWhenDecodedThenIdValuesAndMessage) {
  auto text = around(R"({"custom_id":"pick","component_type":3,"values":["a","b"]})", 3);
  text.insert(1, R"("message":{"flags":0,"id":"55","author":{"id":"1"}},)");
  auto x = value_of(decode_interaction(text));
  EXPECT_EQ(x.message, message_id{55});
  auto& data = std::get<component_data>(x.data);
  EXPECT_EQ(data.custom_id, "pick");
  EXPECT_EQ(data.component_type, 3);
  EXPECT_EQ(data.values, (std::vector<std::string>{"a", "b"}));
}

TEST(Interaction, GivenModalWhenDecodedThenFieldsOfRowsAndLabels) {
  auto data = std::get<modal_data>(
      of(R"({"custom_id":"m","components":[{"type":1,"components":[{"type":4,"custom_id":"a","value":"x"}]},)"
         R"({"type":18,"component":{"type":3,"custom_id":"b","values":["y","z"]}},{"type":10,"content":"text"},)"
         R"({"type":18,"component":{"type":23,"custom_id":"c","value":true}}]})",
         5)
          .data);
  EXPECT_EQ(data.custom_id, "m");
  EXPECT_EQ(data.fields, (std::vector<modal_field>{{"a", {"x"}}, {"b", {"y", "z"}}}));
}

TEST(Interaction, GivenPingAndTypesOfTomorrowWhenDecodedThenTaken) {
  auto ping =
      value_of(decode_interaction(R"({"id":"1","application_id":"2","type":1,"token":"t","version":1})", ""));
  EXPECT_EQ(ping.type, interaction_type::ping);
  auto later = of(R"({"x":[]})", 99);
  EXPECT_EQ(static_cast<int>(later.type), 99);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(later.data));
}

TEST(Interaction, GivenDirectMessageWhenDecodedThenUserWithoutGuild) {
  auto x = value_of(decode_interaction(
      R"({"id":"1","application_id":"2","type":2,"token":"t","user":{"id":"7","username":"u"},"data":{"id":"3","name":"n"}})"));
  EXPECT_EQ(x.guild, std::nullopt);
  EXPECT_EQ(x.by.user.id, user_id{7});
  EXPECT_EQ(x.by.display_name(), "u");
}

TEST(Interaction, GivenMistakesWhenDecodedThenTheFieldIsNamed) {
  auto refusal = [](std::string_view data, int type) {
    return refusal_of(decode_interaction(around(data, type)));
  };
  EXPECT_EQ(refusal("{}", 2), "d.data.id: is missing");
  EXPECT_EQ(refusal(R"({"id":"1"})", 2), "d.data.name: is missing");
  EXPECT_EQ(refusal("5", 2), "d.data: must be an object");
  EXPECT_EQ(refusal("{}", 3), "d.data.custom_id: is missing");
  EXPECT_EQ(refusal("{}", 5), "d.data.custom_id: is missing");
  auto option = [&](std::string_view json) {
    return refusal(R"({"id":"1","name":"n","options":[)" + std::string{json} + "]}", 2);
  };
  EXPECT_EQ(option(R"({"type":3,"value":"x"})"), "d.data.options[0].name: is missing");
  EXPECT_EQ(option(R"({"name":"x","value":"x"})"), "d.data.options[0].type: is missing");
  EXPECT_EQ(option(R"({"name":"x","type":3})"), "d.data.options[0].value: is missing");
  EXPECT_EQ(option(R"({"name":"x","type":3,"value":1})"), "d.data.options[0].value: must be a string");
  EXPECT_EQ(option(R"({"name":"x","type":4,"value":1.5})"), "d.data.options[0].value: must be an integer");
  EXPECT_EQ(option(R"({"name":"x","type":4,"value":"1"})"), "d.data.options[0].value: must be an integer");
  EXPECT_EQ(option(R"({"name":"x","type":5,"value":"true"})"), "d.data.options[0].value: must be a boolean");
  EXPECT_EQ(option(R"({"name":"x","type":6,"value":7})"), "d.data.options[0].value: must be a snowflake");
  EXPECT_EQ(option(R"({"name":"x","type":10,"value":1e999})"), "d.data.options[0].value: must be a number");
  EXPECT_EQ(option(R"({"name":"x","type":3,"value":[]})"),
            "d.data.options[0].value: must be a string, a number or a boolean");
}

TEST(Interaction, GivenFieldMissingWhenDecodedThenItIsNamed) {
  const auto whole = around(R"({"id":"920","name":"play"})", 2);
  for (std::string name : {"application_id", "token", "member", "data"}) {
    auto text = whole;
    text.replace(text.find("\"" + name + "\"") + 1, name.size(), "zzz");
    EXPECT_EQ(refusal_of(decode_interaction(text, "")), name + ": is missing");
  }
}

TEST(Interaction, GivenEveryTruncationWhenDecodedThenRefused) {
  const auto whole =
      around(R"({"id":"920","name":"play","options":[{"name":"q","type":3,"value":"\u00e4"}]})", 2);
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(refusal_of(decode_interaction(whole.substr(0, n))), "") << n;
}

} // namespace
} // namespace tutti::tests::discord
