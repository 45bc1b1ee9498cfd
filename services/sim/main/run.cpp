#include "services/sim/main/run.hpp"

#include "services/sim/control/control.hpp"
#include "services/sim/discord/discord_service.hpp"

#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

namespace tutti::services::sim {
namespace {

int serve(const sim_options& options) {
  event_loop loop;
  event_log log{loop};
  random_source random{options.seed};
  boost::asio::signal_set signals{loop.context(), SIGTERM, SIGINT};
  signals.async_wait([&](boost::system::error_code, int) { loop.context().stop(); });

  json addresses = json::object{};
  std::vector<std::unique_ptr<service>> services;
  if (options.discord) {
    auto made = discord::make_discord_service(loop, log, random, *options.discord);
    addresses.set("discord", made->url());
    services.push_back(std::move(made));
  }
  std::unique_ptr<control> controlled;
  if (options.control) {
    std::vector<service*> all;
    for (auto& one : services)
      all.push_back(one.get());
    controlled = std::make_unique<control>(loop, options.control->host, options.control->port, log, all);
    addresses.set("control", "http://" + options.control->host + ":" + std::to_string(controlled->port()));
  }
  std::printf("%s\n", addresses.dump().c_str());
  std::fflush(stdout);
  loop.context().run();
  return 0;
}

} // namespace

int run(const std::vector<std::string>& arguments) {
  auto read = parse_options(arguments);
  if (!read.error.empty()) {
    std::fprintf(stderr, "tutti-sim: %s\n", read.error.c_str());
    return 2;
  }
  if (read.options.help) {
    std::fputs(usage, stdout);
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return serve(read.options);
  } catch (const boost::system::system_error& failure) {
    std::fprintf(stderr, "tutti-sim: cannot serve: %s\n", failure.what());
    return 1;
  }
}

} // namespace tutti::services::sim
