#include "services/cli/cli.hpp"

#include "services/cli/arguments.hpp"
#include "services/cli/console/console.hpp"
#include "services/cli/console/signals.hpp"
#include "services/cli/demo/demo.hpp"
#include "services/cli/failure.hpp"

#include <csignal>
#include <exception>

namespace tutti::services::cli {
namespace {

int with_node(console& to, const arguments& given) {
  signals stop;
  auto options = given.connection;
  options.stop = [&stop] { return stop.stop(); };
  http_client client{options};
  api node{client};
  context on{to, node, stop, given.as_json};
  return given.talk(on);
}

int dispatch(const arguments& given, console& to, const run_node& node) {
  switch (given.what) {
  case arguments::kind::text:
    to.raw(given.text);
    return exit_done;
  case arguments::kind::node:
    return node(given.config, given.name);
  case arguments::kind::config_check:
    return config_check(to, given.config.value_or(""), given.name, given.as_json);
  case arguments::kind::demo:
    return run_demo(to, given.demo);
  case arguments::kind::migrate:
    return run_migrations(to, given.config, given.check, given.as_json);
  case arguments::kind::talk:
    return with_node(to, given);
  }
  return exit_usage;
}

} // namespace

int run(const std::vector<std::string>& arguments_given, const run_node& node, std::FILE* out,
        std::FILE* err) {
  console to{out, err};
  std::signal(SIGPIPE, SIG_IGN); // a failed write says it better
  try {
    auto code = dispatch(read_arguments(arguments_given), to, node);
    to.flush();
    return code;
  } catch (const failure& e) {
    to.note(std::string{"tutti: "} + e.what(), tint::red);
    for (auto& line : e.details)
      to.note("  " + line);
    return e.code;
  } catch (const output_closed&) {
    return exit_failed;
  } catch (const std::exception& e) {
    to.note(std::string{"tutti: unexpected: "} + e.what(), tint::red);
    return exit_failed;
  }
}

} // namespace tutti::services::cli
