#include "services/sim/discord/rest/command_form.hpp"
#include "services/sim/discord/rest/message_form.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tutti::services::sim;
using namespace tutti::services::sim::discord;

json message_problem(std::string_view body) {
  form checked;
  check_message(checked, {}, *json::parse(body), flag_ephemeral);
  return checked.ok() ? json{} : checked.problem();
}

TEST(Form, GivenNestedMistakeWhenReportedThenPathIsNamesAndIndices) {
  auto problem = message_problem(R"({"embeds":[{},{"fields":[{"name":"x"}]}]})");
  EXPECT_EQ(problem["code"].integer(), 50035);
  EXPECT_EQ(problem["errors"].dump(),
            R"({"embeds":{"1":{"fields":{"0":{"value":{"_errors":[{"code":"BASE_TYPE_REQUIRED",)"
            R"("message":"This field is required"}]}}}}}})");
}

TEST(Form, GivenTwoMistakesWhenReportedThenBoth) {
  auto problem = message_problem(R"({"content":5,"flags":1})");
  EXPECT_TRUE(problem["errors"].has("content"));
  EXPECT_TRUE(problem["errors"].has("flags"));
}

TEST(Form, GivenNullsWhenCheckedThenAbsent) {
  EXPECT_TRUE(message_problem(R"({"content":null,"embeds":null,"components":null,"flags":null})").is_null());
}

TEST(MessageForm, GivenLengthsWhenAtTheBoundThenAccepted) {
  EXPECT_TRUE(message_problem("{\"content\":\"" + std::string(2000, 'x') + "\"}").is_null());
  EXPECT_FALSE(message_problem("{\"content\":\"" + std::string(2001, 'x') + "\"}").is_null());
  std::string wide;
  for (int i = 0; i < 2000; ++i)
    wide += "\u00fc";
  EXPECT_TRUE(message_problem("{\"content\":\"" + wide + "\"}").is_null());
}

TEST(MessageForm, GivenSameCustomIdInTwoRowsWhenCheckedThenDuplicate) {
  auto row = R"({"type":1,"components":[{"type":2,"style":1,"label":"x","custom_id":"a"}]})";
  auto problem = message_problem(std::string{"{\"components\":["} + row + "," + row + "]}");
  EXPECT_TRUE(problem["errors"]["components"]["1"]["components"]["0"].has("custom_id"));
}

json command_problem(std::string_view body) {
  form checked;
  check_command(checked, {}, *json::parse(body), false);
  return checked.ok() ? json{} : checked.problem();
}

TEST(CommandForm, GivenNamesWhenCheckedThenLowerCaseOnlyForSlashCommands) {
  EXPECT_TRUE(command_problem(R"({"name":"247","description":"x"})").is_null());
  EXPECT_TRUE(command_problem(R"({"name":"now-playing_ü","description":"x"})").is_null());
  EXPECT_FALSE(command_problem(R"({"name":"Play","description":"x"})").is_null());
  EXPECT_FALSE(command_problem(R"({"name":"play it","description":"x"})").is_null());
  EXPECT_TRUE(command_problem(R"({"name":"Play it","type":3})").is_null());
}

TEST(CommandForm, GivenPermissionsWhenTextOrNumberThenAccepted) {
  EXPECT_TRUE(
      command_problem(R"({"name":"x","description":"x","default_member_permissions":"32"})").is_null());
  EXPECT_TRUE(
      command_problem(R"({"name":"x","description":"x","default_member_permissions":"0"})").is_null());
  EXPECT_TRUE(command_problem(R"({"name":"x","description":"x","default_member_permissions":32})").is_null());
  EXPECT_FALSE(
      command_problem(R"({"name":"x","description":"x","default_member_permissions":"x"})").is_null());
}

} // namespace
