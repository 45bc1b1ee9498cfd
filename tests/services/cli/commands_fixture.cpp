#include "tests/services/cli/commands_fixture.hpp"

#include <csignal>

namespace tutti::tests {

using services::cli::json;

std::string url_in(const std::string& log) {
  auto at = log.find("http=127.0.0.1:");
  auto end = log.find_first_of(" \"\n", at + 5);
  return at == log.npos || end == log.npos ? "" : "http://" + log.substr(at + 5, end - at - 5);
}

result run_tutti(std::vector<std::string> arguments, const std::vector<std::string>& environment,
                 const std::string& input) {
  process child{arguments, environment, input};
  result out;
  out.code = child.wait().value_or(-1);
  out.out = child.out();
  out.err = child.err();
  return out;
}

std::unique_ptr<process> Commands::start(std::vector<std::string> environment) {
  environment.emplace_back("PORT=0");
  return std::make_unique<process>(std::vector<std::string>{"node"}, environment);
}

void Commands::SetUp() {
  ASSERT_TRUE(eventually([&] {
    url = url_in(node->err());
    return !url.empty();
  })) << node->err();
}

void Commands::TearDown() {
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0) << node->err();
}

result Commands::tutti(std::vector<std::string> arguments, const std::string& input) {
  return run_tutti(std::move(arguments), {"TUTTI_URL=" + url}, input);
}

std::string Commands::submit_and_wait(std::vector<std::string> arguments) {
  std::vector<std::string> all{"jobs", "submit", "--wait", "--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto got = tutti(all);
  return json::parse(got.out.substr(0, got.out.find('\n'))).value_or(json{})["id"].text();
}

} // namespace tutti::tests
