#include "protocols/discord/interactions/message.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <functional>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

const std::string note = "\xF0\x9F\x8E\xB5";

std::string notes(int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += note;
  return out;
}

message with_button(const button& x) {
  return {.content = "x", .rows = {{{x}}}};
}

TEST(Message, GivenContentWhenEncodedThenNobodyIsMentioned) {
  EXPECT_EQ(value_of(encode(message{.content = "hi @everyone"})),
            R"({"content":"hi @everyone","allowed_mentions":{"parse":[]}})");
  EXPECT_EQ(value_of(encode(message{.content = "x", .may_mention = {user_id{9007199254740993}}})),
            R"({"content":"x","allowed_mentions":{"parse":[],"users":["9007199254740993"]}})");
}

TEST(Message, GivenFlagsWhenEncodedThenTheirBits) {
  EXPECT_EQ(
      value_of(encode(message{.content = "x", .ephemeral = true, .silent = true, .without_previews = true})),
      R"({"content":"x","allowed_mentions":{"parse":[]},"flags":4164})");
  EXPECT_EQ(refusal_of(encode_post(message{.content = "x", .ephemeral = true})),
            "flags: only an answer to an interaction can be ephemeral");
}

TEST(Message, GivenEmbedWhenEncodedThenOnlyWhatIsThere) {
  embed x{.title = "t",
          .color = 0xFFFFFF,
          .author = "a",
          .thumbnail_url = "https://i.example/1",
          .footer = "f",
          .fields = {{"n", "v", true}}};
  EXPECT_EQ(
      value_of(encode(message{.embeds = {x}})),
      R"({"embeds":[{"title":"t","color":16777215,"author":{"name":"a"},"thumbnail":{"url":"https://i.example/1"},)"
      R"("footer":{"text":"f"},"fields":[{"name":"n","value":"v","inline":true}]}],"allowed_mentions":{"parse":[]}})");
}

TEST(Message, GivenButtonsWhenEncodedThenAsDocumented) {
  message x{.content = "x",
            .rows = {{{button{button::style::primary, "Skip", emoji{0, note}, "skip", "", false},
                       button{button::style::link, "Open", {}, "", "https://x.example", true}}}}};
  EXPECT_EQ(
      value_of(encode(x)),
      R"({"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"label":"Skip","emoji":{"name":")"
          + note
          + R"("},"custom_id":"skip"},{"type":2,"style":5,"label":"Open","url":"https://x.example","disabled":true}]}],)"
            R"("allowed_mentions":{"parse":[]}})");
}

TEST(Message, GivenSelectWhenEncodedThenAsDocumented) {
  select x{.custom_id = "s",
           .placeholder = "p",
           .max_values = 2,
           .options = {{"A", "a", "d", {}, true}, {"B", "b", "", emoji{7, "n"}, false}}};
  EXPECT_EQ(
      value_of(encode(message_edit{.rows = std::vector<action_row>{{{x}}}})),
      R"({"components":[{"type":1,"components":[{"type":3,"custom_id":"s","placeholder":"p","min_values":1,"max_values":2,)"
      R"("options":[{"label":"A","value":"a","description":"d","default":true},)"
      R"({"label":"B","value":"b","emoji":{"name":"n","id":"7"}}]}]}],"allowed_mentions":{"parse":[]}})");
}

TEST(Message, GivenEditWhenEncodedThenWhatIsNamedOnlyAndClearing) {
  EXPECT_EQ(value_of(encode(message_edit{.content = "", .rows = std::vector<action_row>{}})),
            R"({"content":"","components":[],"allowed_mentions":{"parse":[]}})");
  EXPECT_EQ(refusal_of(encode(message_edit{})), "changes nothing");
}

TEST(Message, GivenTextsAtTheirBoundsWhenEncodedThenTakenAndOneMoreRefused) {
  struct bound {
    std::string field;
    int most;
    std::function<message(std::string)> make;
  };
  auto with = [](auto set) {
    return [set](std::string text) {
      embed x{.description = "d"};
      set(x, std::move(text));
      return message{.embeds = {x}};
    };
  };
  const bound bounds[] = {
      {"content", 2000, [](std::string text) { return message{.content = std::move(text)}; }},
      {"embeds[0].title", 256, with([](embed& x, std::string text) { x.title = std::move(text); })},
      {"embeds[0].description", 4096,
       with([](embed& x, std::string text) { x.description = std::move(text); })},
      {"embeds[0].author.name", 256, with([](embed& x, std::string text) { x.author = std::move(text); })},
      {"embeds[0].footer.text", 2048, with([](embed& x, std::string text) { x.footer = std::move(text); })},
      {"embeds[0].fields[0].name", 256, with([](embed& x, std::string text) {
         x.fields = {{text, "v", false}};
       })},
      {"embeds[0].fields[0].value", 1024, with([](embed& x, std::string text) {
         x.fields = {{"n", text, false}};
       })},
      {"components[0].components[0].label", 80,
       [](std::string text) { return with_button({.label = std::move(text), .custom_id = "i"}); }},
      {"components[0].components[0].custom_id", 100,
       [](std::string text) { return with_button({.label = "l", .custom_id = std::move(text)}); }},
  };
  for (auto& one : bounds) {
    EXPECT_EQ(refusal_of(encode(one.make(notes(one.most)))), "") << one.field;
    auto refused = refusal_of(encode(one.make(notes(one.most + 1))));
    EXPECT_EQ(refused.substr(0, refused.find(':')), one.field);
  }
}

TEST(Message, GivenBrokenUtf8WhenCountedThenAsItIsSent) {
  EXPECT_EQ(refusal_of(encode(message{.content = std::string(2000, '\x80')})), "");
  EXPECT_NE(refusal_of(encode(message{.content = std::string(2001, '\x80')})), "");
}

TEST(Message, GivenCountsBeyondTheirBoundsWhenEncodedThenRefused) {
  const embed small{.title = "t"};
  EXPECT_EQ(refusal_of(encode(message{.embeds = std::vector(10, small)})), "");
  EXPECT_EQ(refusal_of(encode(message{.embeds = std::vector(11, small)})),
            "embeds: must have 0 to 10 elements");
  EXPECT_EQ(refusal_of(encode(message{.embeds = {{.fields = std::vector(26, embed_field{"n", "v"})}}})),
            "embeds[0].fields: must have 0 to 25 elements");
  const embed big{.description = std::string(3000, 'x')};
  EXPECT_EQ(refusal_of(encode(message{.embeds = {big, big}})), "");
  EXPECT_EQ(refusal_of(encode(message{.embeds = {big, big, small}})),
            "embeds: must have at most 6000 characters in all");
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .may_mention = std::vector(101, user_id{1})})),
            "allowed_mentions.users: must have 0 to 100 elements");
  std::vector<action_row> rows;
  for (int i = 0; i < 6; ++i)
    rows.push_back({{button{.label = "l", .custom_id = std::to_string(i)}}});
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = rows})),
            "components: must have 0 to 5 elements");
  action_row wide;
  for (int i = 0; i < 6; ++i)
    wide.components.push_back(button{.label = "l", .custom_id = std::to_string(i)});
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = {wide}})),
            "components[0].components: must have 1 to 5 elements");
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = {{}}})),
            "components[0].components: must have 1 to 5 elements");
}

TEST(Message, GivenNothingToShowWhenEncodedThenRefused) {
  EXPECT_EQ(refusal_of(encode(message{})), "content: must not be empty without embeds");
  EXPECT_EQ(refusal_of(encode(message{.content = " \n\xE2\x80\x8B"})),
            "content: must not be empty without embeds");
  EXPECT_EQ(refusal_of(encode(message{.embeds = {{}}})), "embeds[0]: must not be empty");
}

TEST(Message, GivenWrongComponentsWhenEncodedThenTheFieldIsNamed) {
  const std::string at = "components[0].components[0].";
  EXPECT_EQ(refusal_of(encode(with_button({.custom_id = "i"}))),
            at + "label: is missing, and there is no emoji");
  EXPECT_EQ(refusal_of(encode(with_button({.label = "l"}))), at + "custom_id: must have 1 to 100 characters");
  EXPECT_EQ(refusal_of(encode(with_button({.label = "l", .custom_id = "i", .url = "https://x.example"}))),
            at + "url: is for links only");
  EXPECT_EQ(refusal_of(encode(with_button({.look = button::style::link, .label = "l"}))),
            at + "url: is missing");
  EXPECT_EQ(
      refusal_of(encode(with_button({.look = button::style::link, .label = "l", .url = "javascript:1"}))),
      at + "url: must be an http or https URL");
  const button same{.label = "l", .custom_id = "i"};
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = {{{same}}, {{same}}}})),
            "components[1].components[0].custom_id: is there twice");
  const select pick{.custom_id = "s", .options = {{"A", "a"}}};
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = {{{same, pick}}}})),
            "components[0].components[1]: a select needs a row of its own");
  EXPECT_EQ(refusal_of(encode(message{.content = "x", .rows = {{{pick, same}}}})),
            "components[0].components: must have 1 to 1 elements");
  auto refusal = [&](select x) {
    return refusal_of(encode(message{.content = "x", .rows = {{{std::move(x)}}}}));
  };
  EXPECT_EQ(refusal({.custom_id = "s", .max_values = 2, .options = {{"A", "a"}}}),
            at + "max_values: is more than there are options");
  EXPECT_EQ(refusal({.custom_id = "s", .options = {{"A", "a"}, {"B", "a"}}}),
            at + "options[1].value: is there twice");
  EXPECT_EQ(refusal({.of = select::type::user, .custom_id = "s", .options = {{"A", "a"}}}),
            at + "options: are for string selects only");
}

TEST(Message, GivenUrlsWhenNotWebThenRefused) {
  EXPECT_EQ(refusal_of(encode(message{.embeds = {{.title = "t", .url = "file:///etc/passwd"}}})),
            "embeds[0].url: must be an http or https URL");
  EXPECT_EQ(refusal_of(encode(message{.embeds = {{.title = "t", .image_url = "https://x.example/ y"}}})),
            "embeds[0].image.url: must be an http or https URL");
}

} // namespace
} // namespace tutti::tests::discord
