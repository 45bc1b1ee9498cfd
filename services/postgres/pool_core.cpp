#include "services/postgres/pool_core.hpp"

#include "runtime/jobs/retry.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace tutti::services::postgres {
namespace {

using runtime::ec;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

failure closing() {
  return {ec::unavailable, fate::not_sent, {}, "the connection pool is closing"};
}

} // namespace

pool_core::pool_core(boost::asio::io_context& context, pool_options options, pool_observer observer)
    : context_(context), options_(std::move(options)), observer_(std::move(observer)),
      address_(address::parse(options_.url)), rest_(context), queue_timer_(context), ping_timer_(context) {}

void pool_core::start() {
  open_one();
  ping_later();
}

void pool_core::run(unit work, answer_callback done, steady_time asked) {
  auto limit = work.deadline.count() > 0 ? work.deadline : options_.unit_deadline;
  auto why = check(work.calls);
  if (!why && work.calls.empty())
    why = failure{ec::failed, fate::not_sent, {}, "a unit without statements"};
  if (why) {
    answer out{{}, std::move(why)};
    count(out);
    answer_guarded(done, std::move(out));
    return;
  }
  enqueue({std::move(work), std::move(done), nullptr, asked + limit,
           asked + std::min(limit, options_.queue_wait)});
}

void pool_core::acquire(steady_time deadline, lease_callback then) {
  enqueue({{},
           nullptr,
           std::move(then),
           deadline,
           std::min(deadline, steady_clock::now() + options_.queue_wait)});
}

void pool_core::enqueue(waiting one) {
  if (closed_) {
    refuse(one, closing());
  } else if (queue_.size() >= options_.queue) {
    refuse(one, {ec::unavailable,
                 fate::not_sent,
                 {},
                 fmt::format("{} units wait for the database already", queue_.size())});
  } else {
    watch_queue(one.give_up);
    queue_.push_back(std::move(one));
    dispatch();
  }
}

void pool_core::refuse(waiting& one, failure why) {
  answer out{{}, std::move(why)};
  if (one.lease) {
    one.lease(nullptr, std::move(out.error));
    return;
  }
  count(out);
  answer_guarded(one.done, std::move(out));
}

void pool_core::refuse_all(const failure& why) {
  for (auto& one : std::exchange(queue_, {}))
    refuse(one, why);
}

void pool_core::watch_queue(steady_time at) {
  if (queue_watched_ && queue_timer_.expiry() <= at)
    return;
  queue_watched_ = true;
  queue_timer_.expires_at(at);
  queue_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self)
      return;
    self->queue_watched_ = false;
    self->give_up_late_ones();
  });
}

void pool_core::give_up_late_ones() {
  auto now = steady_clock::now();
  std::vector<waiting> gone;
  std::deque<waiting> rest;
  for (auto& one : std::exchange(queue_, {}))
    if (one.give_up <= now) {
      gone.push_back(std::move(one));
    } else {
      watch_queue(one.give_up);
      rest.push_back(std::move(one));
    }
  queue_ = std::move(rest);
  for (auto& one : gone)
    refuse(one, late());
  dispatch();
}

failure pool_core::late() const {
  return {ec::unavailable,
          fate::not_sent,
          {},
          members_.empty() ? "there is no connection to the database: " + stats_.last_error
                           : "no connection to the database was free in time"};
}

/// First come, first served: one who wants a connection alone holds up those behind until one is free.
void pool_core::dispatch() {
  close_spoiled();
  while (!queue_.empty() && !closed_) {
    auto* idle = choose(true);
    if (!idle && may_open())
      open_one();
    auto* chosen = idle || queue_.front().lease ? idle : choose(false);
    if (!chosen)
      break;
    auto one = std::move(queue_.front());
    queue_.pop_front();
    if (one.give_up <= steady_clock::now()) // this thread was held up
      refuse(one, late());
    else
      hand_over(*chosen, std::move(one));
  }
  show();
}

pool_core::member* pool_core::choose(bool alone) {
  member* best = nullptr;
  for (auto& m : members_)
    if (!m.leased && m.on->pipelines() && m.on->in_flight() < (alone ? 1 : options_.pipeline)
        && (!best || m.on->in_flight() < best->on->in_flight()))
      best = &m;
  return best;
}

void pool_core::hand_over(member& chosen, waiting one) {
  auto on = chosen.on; // the member may go while this runs
  if (one.lease) {
    chosen.leased = true;
    one.lease(on, std::nullopt);
    return;
  }
  on->send({std::move(one.work.calls),
            {},
            one.deadline,
            [self = shared_from_this(), done = std::move(one.done)](answer got) {
              self->count(got);
              answer_guarded(done, std::move(got));
              self->dispatch();
            }});
}

void pool_core::give_back(const std::shared_ptr<connection>& leased) {
  if (leased->in_flight() > 0)
    leased->close({ec::unavailable, fate::unknown, {}, "the connection was given back too early"});
  auto i = std::find_if(members_.begin(), members_.end(), [&](auto& m) { return m.on == leased; });
  if (i != members_.end())
    i->leased = false;
  dispatch();
}

/// Also those that came back in the middle of a transaction.
void pool_core::close_spoiled() {
  std::vector<std::shared_ptr<connection>> bad;
  for (auto& m : members_)
    if (!m.leased && m.on->open() && m.on->in_flight() == 0 && (m.on->spoiled() || m.on->in_transaction()))
      bad.push_back(m.on);
  for (auto& on : bad)
    on->close({ec::unavailable, fate::unknown, {}, "the connection was not fit for further use"});
}

bool pool_core::may_open() const noexcept {
  return !closed_ && !connector_ && !resting_ && members_.size() < options_.connections;
}

void pool_core::open_one() {
  if (!may_open())
    return;
  if (!address_) {
    open_failed({ec::rejected, fate::not_sent, {}, "the database URL is not valid"});
    return;
  }
  connector_ = std::make_shared<connector>(
      context_, *address_, session_settings{options_.statement_timeout, options_.lock_timeout});
  connector_->start(options_.connect_timeout,
                    [self = shared_from_this()](connection_handle handle, std::optional<failure> why) {
                      self->connector_ = nullptr;
                      if (why)
                        self->open_failed(std::move(*why));
                      else
                        self->opened(std::move(handle));
                    });
}

void pool_core::opened(connection_handle handle) {
  failed_attempts_ = 0;
  auto on = std::make_shared<connection>(context_, std::move(handle));
  members_.push_back({on});
  {
    std::lock_guard lock{mutex_};
    ++stats_.opened;
  }
  set_state(pool_state::up, "");
  on->start([weak = weak_from_this(), which = on.get()](const failure& why) {
    if (auto self = weak.lock())
      self->ended(which, why);
  });
  dispatch();
}

void pool_core::open_failed(failure why) {
  ++failed_attempts_;
  {
    std::lock_guard lock{mutex_};
    ++stats_.open_failures;
  }
  runtime::telemetry::get().warn("postgres.connect_failed attempt={} error={}", failed_attempts_, why.text);
  if (members_.empty())
    set_state(pool_state::down, why.text);
  reopen_later();
  if (members_.empty() && why.code == ec::rejected) // waiting does not help them
    refuse_all(why);
  show();
}

void pool_core::ended(const connection* which, const failure& why) {
  std::erase_if(members_, [&](auto& m) { return m.on.get() == which; });
  if (closed_)
    return;
  {
    std::lock_guard lock{mutex_};
    ++stats_.lost;
  }
  runtime::telemetry::get().warn("postgres.connection_lost left={} error={}", members_.size(), why.text);
  if (members_.empty()) {
    set_state(pool_state::down, why.text);
    reopen_later();
  }
  boost::asio::post(context_, [self = shared_from_this()] { self->dispatch(); });
}

void pool_core::reopen_later() {
  if (resting_ || connector_)
    return;
  resting_ = true;
  rest_.expires_after(runtime::jobs::retry_delay({options_.backoff_base, options_.backoff_max},
                                                 std::max<std::uint32_t>(failed_attempts_, 1)));
  rest_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self)
      return;
    self->resting_ = false;
    if (self->members_.empty())
      self->open_one();
    self->dispatch();
  });
}

void pool_core::retry(retry_options options, const attempt& once, const answer_callback& done,
                      std::uint32_t number) {
  once([=, this, self = shared_from_this()](answer got) {
    if (got.ok() || !got.error->retryable() || number >= options.attempts) {
      done(std::move(got));
      return;
    }
    after(runtime::jobs::retry_delay({options.base, options.max}, number), [=, this](bool go_on) {
      if (go_on)
        self->retry(options, once, done, number + 1);
      else
        answer_guarded(done, got);
    });
  });
}

void pool_core::after(milliseconds delay, std::function<void(bool)> then) {
  if (closed_) {
    then(false);
    return;
  }
  auto one = std::make_shared<delayed>(delayed{boost::asio::steady_timer{context_, delay}, std::move(then)});
  delayed_.push_back(one);
  one->timer.async_wait([self = shared_from_this(), one](boost::system::error_code) {
    std::erase(self->delayed_, one);
    if (auto call = std::exchange(one->then, nullptr))
      call(true);
  });
}

void pool_core::close() {
  if (std::exchange(closed_, true))
    return;
  rest_.cancel();
  queue_timer_.cancel();
  ping_timer_.cancel();
  if (auto opening = std::exchange(connector_, nullptr))
    opening->cancel();
  refuse_all(closing());
  for (auto& m : std::exchange(members_, {}))
    m.on->close({ec::unavailable, fate::unknown, {}, "the connection pool is closing"});
  for (auto& one : std::exchange(delayed_, {})) {
    one->timer.cancel();
    std::exchange(one->then, nullptr)(false);
  }
  show();
}

} // namespace tutti::services::postgres
