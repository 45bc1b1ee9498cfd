#include "services/cli/console/signals.hpp"

#include "services/cli/failure.hpp"

#include <ctime>

#include <pthread.h>

namespace tutti::services::cli {

signals::signals() {
  sigemptyset(&waited_);
  sigaddset(&waited_, SIGCHLD);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (sigaction(s, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) // nohup: what is ignored stays ignored
      sigaddset(&waited_, s);
  }
  pthread_sigmask(SIG_BLOCK, &waited_, &before_);
}

signals::~signals() {
  timespec none{};
  while (stopped_ && sigtimedwait(&waited_, nullptr, &none) > 0) { // a second Ctrl-C must not kill us now
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool signals::stop() noexcept {
  return stop_within(std::chrono::milliseconds{0});
}

bool signals::stop_within(std::chrono::milliseconds time) noexcept {
  if (stopped_)
    return true;
  timespec left{};
  left.tv_sec = time.count() / 1000;
  left.tv_nsec = time.count() % 1000 * 1'000'000;
  auto got = sigtimedwait(&waited_, nullptr, &left);
  stopped_ = got > 0 && got != SIGCHLD;
  return stopped_;
}

void signals::pause(std::chrono::milliseconds time) {
  if (stop_within(time))
    throw interrupted{};
}

} // namespace tutti::services::cli
