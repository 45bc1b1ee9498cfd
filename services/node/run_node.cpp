#include "services/node/run_node.hpp"

#include "runtime/config/load.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/node/node.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

#include <unistd.h>

namespace tutti::services::node {
namespace {

using namespace runtime;

sigset_t stop_signals() {
  sigset_t out;
  sigemptyset(&out);
  for (int s : {SIGTERM, SIGINT})
    sigaddset(&out, s);
  return out;
}

} // namespace

int run_node(const std::optional<std::string>& config_file, const std::string& name) {
  auto environment = config::process_environment();
  config::load_options options;
  options.node = name;
  options.terminal = ::isatty(STDERR_FILENO) == 1;
  auto loaded = config::load(config_file, environment, options);
  if (!loaded.ok()) {
    for (auto& m : loaded.mistakes)
      std::fprintf(stderr, "%s\n", config::to_string(m).c_str());
    return exit_usage;
  }
  auto& s = loaded.settings;
  telemetry::init({static_cast<telemetry::level>(s.log.level), s.log.format == config::log_format::json,
                   loaded.node.name, config::secret_values(s), nullptr});
  auto& log = telemetry::get();
  // Before threads are started, so that all of them leave these signals to sigwait below.
  auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  std::atomic<bool> escalated{false};
  node self{loaded, [&] {
              escalated = true;
              ::kill(::getpid(), SIGTERM);
            }};
  try {
    self.start();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "cannot start: %s\n", e.what());
    return exit_failed;
  }
  log.info("node.ready version={} http={}:{} queue={} coordination={}", TUTTI_VERSION, loaded.node.http.host,
           self.http_port(), config::to_string(s.queue.provider), config::to_string(s.cluster.coordination));
  int signal = 0;
  while (sigwait(&signals, &signal) == EINTR) {
  }
  log.info("node.draining signal={} deadline_ms={}", signal, s.shutdown.deadline.count());
  auto report = self.stop(s.shutdown.deadline);
  log.info("node.stopped attempts_completed={} attempts_handed_back={} in_time={}", report.completed,
           report.handed_back, report.in_time);
  if (report.unfinished > 0)
    log.warn("node.jobs_lost unfinished={} reason=the memory provider ends with its process",
             report.unfinished);
  if (escalated)
    return exit_escalated;
  return report.in_time ? exit_done : exit_failed;
}

} // namespace tutti::services::node
