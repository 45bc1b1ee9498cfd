#include "services/cli/cli.hpp"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tutti::services::cli;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

struct outcome {
  int code = 0;
  std::string out, err;
};

/// In this process, with its streams in memory.
outcome run_cli(const std::vector<std::string>& arguments, const run_node& node = {}) {
  char *out_text = nullptr, *err_text = nullptr;
  std::size_t out_size = 0, err_size = 0;
  auto* out = open_memstream(&out_text, &out_size);
  auto* err = open_memstream(&err_text, &err_size);
  outcome result;
  result.code = run(arguments, node, out, err);
  std::fclose(out);
  std::fclose(err);
  result.out.assign(out_text, out_size);
  result.err.assign(err_text, err_size);
  std::free(out_text);
  std::free(err_text);
  return result;
}

struct bad_line {
  std::vector<std::string> arguments;
  std::string says;
};
/// Else GoogleTest prints the bytes, addresses among them, into the test's name.
void PrintTo(const bad_line& line, std::ostream* out) {
  for (auto& argument : line.arguments)
    *out << (&argument == line.arguments.data() ? "" : " ") << (argument.size() < 40 ? argument : "...");
}

class Arguments : public testing::TestWithParam<bad_line> {};

TEST_P(Arguments, GivenAMistakeWhenRunThenOneLineSaysItAndTheCodeIsTwo) {
  auto got = run_cli(GetParam().arguments);
  EXPECT_EQ(got.code, 2);
  EXPECT_EQ(got.out, "");
  EXPECT_THAT(got.err, StartsWith("tutti: "));
  EXPECT_THAT(got.err, HasSubstr(GetParam().says));
  EXPECT_EQ(std::count(got.err.begin(), got.err.end(), '\n'), 1) << got.err;
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, Arguments,
    testing::Values(bad_line{{}, "(see tutti --help)"},
                    bad_line{{"nonsense"}, "there is no command \"tutti nonsense\""},
                    bad_line{{"jobs"}, "(see tutti jobs --help)"},
                    bad_line{{"jobs", "lits"}, "there is no command \"tutti jobs lits\""},
                    bad_line{{"jobs", "list", "--limit", "0"}, "--limit"},
                    bad_line{{"jobs", "list", "--limit", "many"}, "--limit"},
                    bad_line{{"jobs", "list", "--status", "asleep"}, "--status"},
                    bad_line{{"jobs", "list", "--frobnicate"}, "--frobnicate"},
                    bad_line{{"jobs", "get"}, "ID is required"}, bad_line{{"jobs", "get", "1", "2"}, "2"},
                    bad_line{{"jobs", "submit"}, "--type"},
                    bad_line{{"jobs", "submit", "--type", "a", "--file", "b"}, "--file"},
                    bad_line{{"jobs", "submit", "--file", "b", "--queue", "q"}, "--queue goes with --type"},
                    bad_line{{"jobs", "submit", "--type", "a", "--payload", "{a"}, "is not JSON"},
                    bad_line{{"jobs", "submit", "--type", "a", "--priority", "urgent"}, "--priority"},
                    bad_line{{"jobs", "submit", "--file", "/does/not/exist"},
                             "cannot open /does/not/exist: No such file"},
                    bad_line{{"dead-letters", "retry"}, "name a dead letter"},
                    bad_line{{"dead-letters", "retry", "ID", "--max", "3"}, "ID excludes --max"},
                    bad_line{{"schedules", "put", "s", "--type", "a"}, "--every"},
                    bad_line{{"schedules", "put", "s", "--type", "a", "--every", "5"}, "must be like 250ms"},
                    bad_line{{"flags", "set", "f", "maybe"}, "STATE"},
                    bad_line{{"flags", "set", "f", "on", "--percentage", "101"}, "--percentage"},
                    bad_line{{"events", "--topic", "weather"}, "--topic"},
                    bad_line{{"events", "--after", "x"}, "--after"},
                    bad_line{{"health", "--url", "ftp://x"}, "must begin with http://"},
                    bad_line{{"health", "--url", "http://"}, "must be like http://127.0.0.1:3000"},
                    bad_line{{"health", "--token", "two words"}, "printable ASCII"},
                    bad_line{{"health", "--timeout", "0"}, "--timeout"},
                    bad_line{{"demo", "--port", "70000"}, "--port"},
                    bad_line{{"help", "nope"}, "there is no command \"tutti nope\""},
                    bad_line{{"config", "check"}, "FILE"}));

TEST(Cli, GivenHelpWhenAskedForThenItGoesToTheOutput) {
  for (auto& arguments : std::vector<std::vector<std::string>>{
           {"help"}, {"--help"}, {"help", "jobs", "submit"}, {"jobs", "submit", "--help"}}) {
    auto got = run_cli(arguments);
    EXPECT_EQ(got.code, 0);
    EXPECT_EQ(got.err, "");
    EXPECT_THAT(got.out, HasSubstr("Usage: tutti"));
  }
  EXPECT_THAT(run_cli({"help", "jobs", "submit"}).out, HasSubstr("Usage: tutti jobs submit"));
  EXPECT_EQ(run_cli({"--version"}).out, "tutti " TUTTI_VERSION "\n");
}

TEST(Cli, GivenNodeWhenRunThenTheFunctionGetsFileAndName) {
  std::optional<std::string> file;
  std::string name;
  auto node = [&](const std::optional<std::string>& f, const std::string& n) {
    file = f;
    name = n;
    return 70;
  };
  EXPECT_EQ(run_cli({"node"}, node).code, 70);
  EXPECT_EQ(file, std::nullopt);
  run_cli({"node", "--config", "c.toml", "--name", "a"}, node);
  EXPECT_EQ(file, "c.toml");
  EXPECT_EQ(name, "a");
}

TEST(Cli, GivenNoNodeWhenAskedThenTheLineSaysWhatToDo) {
  auto got = run_cli({"jobs", "list", "--url", "http://127.0.0.1:1"});
  EXPECT_EQ(got.code, 1);
  EXPECT_EQ(got.err,
            "tutti: cannot reach http://127.0.0.1:1: connection refused; is a node running? (tutti node, "
            "or another --url)\n");
}

} // namespace
