#include "services/postgres/pool_core.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::postgres {

pool_stats pool_core::stats() const {
  std::lock_guard lock{mutex_};
  return stats_;
}

void pool_core::ping_later() {
  ping_timer_.expires_after(options_.ping_interval);
  ping_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self)
      return;
    self->ping();
    self->ping_later();
  });
}

void pool_core::ping() {
  std::vector<std::shared_ptr<connection>> idle; // sending may end one
  for (auto& m : members_)
    if (!m.leased && m.on->pipelines() && m.on->in_flight() == 0)
      idle.push_back(m.on);
  for (auto& on : idle)
    ping(*on);
}

void pool_core::ping(connection& on) {
  auto sent = std::chrono::steady_clock::now();
  unit question;
  question.add({"pool_ping", "SELECT 1"});
  on.send({std::move(question.calls),
           {},
           sent + options_.connect_timeout,
           [self = shared_from_this(), sent](const answer& got) {
             if (got.ok()) { // else the connection has ended, or is about to
               std::lock_guard lock{self->mutex_};
               self->stats_.ping = std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now() - sent);
             }
             self->dispatch();
           }});
}

void pool_core::count(const answer& result) {
  std::lock_guard lock{mutex_};
  if (result.ok())
    ++stats_.committed;
  else if (result.error->fate == fate::not_sent)
    ++stats_.not_sent;
  else if (result.error->fate == fate::rolled_back)
    ++stats_.rolled_back;
  else
    ++stats_.unknown;
}

void pool_core::set_state(pool_state state, const std::string& why) {
  {
    std::lock_guard lock{mutex_};
    if (!why.empty())
      stats_.last_error = why;
    if (std::exchange(stats_.state, state) == state)
      return;
  }
  if (observer_)
    observer_(state, why);
}

void pool_core::show() {
  std::lock_guard lock{mutex_};
  stats_.connections = members_.size();
  stats_.leased = static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](auto& m) { return m.leased; }));
  stats_.in_flight = 0;
  for (auto& m : members_)
    stats_.in_flight += m.on->in_flight();
  stats_.waiting = queue_.size();
}

} // namespace tutti::services::postgres
