#include "tests/services/cli/process.hpp"
#include "tests/support/postgres_server.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using tutti::tests::postgres_server;
using tutti::tests::process;

namespace {

struct MigrateCommand : testing::Test {
  postgres_server server{postgres_server::login::password};
  int code = -1;
  std::string out, err;

  void tutti(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), "migrate");
    process child{arguments, environment};
    code = child.wait().value_or(-1);
    out = child.out();
    err = child.err();
  }
  std::string url() const { return "DATABASE_URL=" + server.url(); }
};

TEST_F(MigrateCommand, GivenEmptyDatabaseWhenRunThenChecksAppliesAndListsIt) {
  tutti({"--check"}, {url()});
  EXPECT_EQ(code, 1) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("pending 0001_state\n"), HasSubstr("pending 0002_jobs\n")));
  tutti({}, {url()});
  EXPECT_EQ(code, 0) << err;
  EXPECT_THAT(out, AllOf(HasSubstr("applied 0001_state\n"), HasSubstr("applied 0002_jobs\n")));
  tutti({"--check"}, {url()});
  EXPECT_EQ(code, 0) << err;
  EXPECT_THAT(out, HasSubstr("up to date"));
  tutti({"--check", "--json"}, {url()});
  EXPECT_EQ(out, "{\"ok\":true,\"pending\":[]}\n");
  EXPECT_EQ(err, "");
}

TEST_F(MigrateCommand, GivenConfigFileWhenRunThenItsUrlIsUsed) {
  auto file =
      std::filesystem::temp_directory_path() / ("tutti-migrate-" + std::to_string(::getpid()) + ".toml");
  std::ofstream{file} << "[postgres]\nurl = \"" << server.url() << "\"\n";
  tutti({"--config", file});
  EXPECT_EQ(code, 0) << err;
  EXPECT_THAT(out, HasSubstr("applied 0001_state"));
  std::filesystem::remove(file);
}

TEST_F(MigrateCommand, GivenMistakesWhenRunThenOneClearLine) {
  tutti({});
  EXPECT_EQ(code, 2);
  EXPECT_THAT(err, HasSubstr("DATABASE_URL"));
  tutti({"--config", "/does/not/exist.toml"});
  EXPECT_EQ(code, 2);
  tutti({"--wrong"}, {url()});
  EXPECT_EQ(code, 2);
  tutti({}, {"DATABASE_URL=" + server.url_as("tutti:not-the-word")});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(err, AllOf(HasSubstr("password authentication failed"), Not(HasSubstr("not-the-word"))));
  tutti({}, {"DATABASE_URL=" + server.url("nowhere")});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(err, HasSubstr("\"nowhere\" does not exist"));
}

} // namespace
