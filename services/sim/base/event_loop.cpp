#include "services/sim/base/event_loop.hpp"

#include <memory>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace tutti::services::sim {

void event_loop::after(std::chrono::nanoseconds delay, std::function<void()> what) {
  auto timer = std::make_shared<boost::asio::steady_timer>(context_, delay);
  timer->async_wait([timer, what = std::move(what)](boost::system::error_code failure) {
    if (!failure)
      what();
  });
}

} // namespace tutti::services::sim
