#include "services/redis/client_core.hpp"

#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/post.hpp>

namespace tutti::services::redis {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_delay = 50ms;
/// The same reason is logged again after this.
constexpr auto repeat_log = 60s;
/// Of one write: what is behind it stays surely unsent when the connection breaks.
constexpr std::size_t write_chunk = 1024 * 1024;

void count(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

client_core::client_core(boost::asio::io_context& context, client_options options)
    : context_(context), options_(std::move(options)),
      settings_(std::make_shared<connection_settings>(
          connection_settings{options_.server, options_.name, options_.ca_file, options_.max_reply_bytes})) {}

// --- from any thread

void client_core::send(command_batch&& batch, clock::time_point deadline, completion&& done) {
  if (batch.complete() && batch.size() == 0)
    return done({});
  auto wrong = admit(batch);
  if (wrong.empty()) {
    std::lock_guard lock{inbox_mutex_};
    if (!inbox_closed_) {
      inbox_.emplace_back(std::move(batch), deadline, std::move(done));
      if (inbox_.size() == 1) // only the first of many wakes the thread
        boost::asio::post(context_, [self = shared_from_this()] { self->drain_inbox(); });
      return;
    }
    wrong = "the client has been stopped";
  }
  count(counted_.not_sent);
  done({std::vector<reply>(batch.size()), outcome::not_sent, "redis: " + wrong});
}

std::string client_core::admit(const command_batch& batch) {
  if (!batch.complete())
    return "a command has not as many words as it announced";
  auto size = batch.bytes().size();
  auto commands = commands_.fetch_add(batch.size(), std::memory_order_relaxed) + batch.size();
  auto bytes = bytes_.fetch_add(size, std::memory_order_relaxed) + size;
  if (commands <= options_.max_commands && bytes <= options_.max_bytes)
    return "";
  commands_.fetch_sub(batch.size(), std::memory_order_relaxed);
  bytes_.fetch_sub(size, std::memory_order_relaxed);
  return "too many commands are waiting";
}

client_state client_core::state() const {
  std::lock_guard lock{state_mutex_};
  auto result = state_;
  result.round_trip = std::chrono::microseconds{round_trip_us_.load(std::memory_order_relaxed)};
  return result;
}

client_counters client_core::counters() const {
  auto read = [](auto& counter) { return counter.load(std::memory_order_relaxed); };
  auto& c = counted_;
  return {read(c.connects),       read(c.losses),   read(c.commands), read(c.server_errors),
          read(c.scripts_loaded), read(c.not_sent), read(c.unknown)};
}

// --- calls

void client_core::drain_inbox() {
  {
    std::lock_guard lock{inbox_mutex_};
    arrived_.swap(inbox_);
  }
  auto now = clock::now();
  bool down = phase_ == phase::stopped || (phase_ != phase::ready && failures_ > 0);
  auto reason = down ? "not connected to redis: " + state().reason : std::string{};
  for (auto& call : arrived_) {
    if (down || phase_ == phase::stopped) // it may have been stopped by a callback
      finish(std::move(call), outcome::not_sent, reason);
    else if (call.deadline() <= now)
      finish(std::move(call), outcome::not_sent, "redis: the deadline had passed before it could be sent");
    else {
      watch(call.deadline());
      queued_.push_back(std::move(call));
    }
  }
  arrived_.clear();
  flush();
}

void client_core::flush() {
  if (phase_ != phase::ready || writing_ || leaving_ || queued_.empty())
    return;
  auto now = clock::now();
  while (!queued_.empty() && output_.size() < write_chunk) {
    auto& call = in_flight_.emplace_back(std::move(queued_.front()));
    queued_.pop_front();
    call.write_to(output_, now);
  }
  writing_ = true;
  connection_->write(output_);
}

void client_core::written() {
  writing_ = false;
  flush();
}

void client_core::replied(reply&& answer) {
  if (in_flight_.empty())
    return broken("an answer to nothing: " + std::string{answer.text().substr(0, 100)});
  if (answer.is_error()) {
    count(counted_.server_errors);
    leaving_ = leaving_ || answer.is_error("READONLY");
  }
  auto& front = in_flight_.front();
  if (!front.take(std::move(answer)))
    return;
  auto call = std::move(front);
  in_flight_.pop_front();
  last_written_ = call.written();
  if (call.must_repeat()) {
    count(counted_.scripts_loaded);
    call.begin_repeat();
    queued_.push_front(std::move(call));
  } else {
    finish(std::move(call), outcome::answered, {});
  }
}

void client_core::pause() {
  if (auto began = std::exchange(last_written_, {}); began != clock::time_point{})
    round_trip_us_.store(std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began).count(),
                         std::memory_order_relaxed);
  if (leaving_ && in_flight_.empty())
    return broken("the server takes no writes any more");
  flush();
}

void client_core::finish(pending_call&& call, outcome lost, const std::string& reason) {
  commands_.fetch_sub(call.commands(), std::memory_order_relaxed);
  bytes_.fetch_sub(call.cost(), std::memory_order_relaxed);
  if (call.settled())
    return;
  if (lost == outcome::answered)
    counted_.commands.fetch_add(call.commands(), std::memory_order_relaxed);
  else
    count(lost == outcome::not_sent ? counted_.not_sent : counted_.unknown);
  auto [done, result] = call.settle(lost, reason);
  done(std::move(result));
}

void client_core::fail_all(std::deque<pending_call>&& calls, outcome lost, const std::string& reason) {
  for (auto& call : calls)
    finish(std::move(call), lost, reason);
}

// --- the connection

void client_core::connect() {
  if (phase_ == phase::stopped)
    return;
  phase_ = phase::connecting;
  after(options_.connect_timeout, &client_core::connect_overdue);
  connection_ = std::make_shared<connection>(context_, settings_, shared_from_this());
  connection_->open();
}

void client_core::opened(server_facts facts) {
  phase_ = phase::ready;
  ready_since_ = clock::now();
  writing_ = false;
  leaving_ = false;
  count(counted_.connects);
  runtime::telemetry::get().info("redis.connected server={} name={} version={} run_id={}",
                                 to_string(options_.server), options_.name, facts.version, facts.run_id);
  logged_reason_.clear();
  {
    std::lock_guard lock{state_mutex_};
    state_.server = std::move(facts);
  }
  after(options_.ping_interval, &client_core::ping);
  publish(true, "");
  flush();
}

void client_core::broken(std::string reason, bool refused) {
  if (phase_ != phase::connecting && phase_ != phase::ready)
    return;
  std::exchange(connection_, nullptr)->close();
  bool was_ready = phase_ == phase::ready;
  if (was_ready)
    count(counted_.losses);
  bool lasted = was_ready && clock::now() - ready_since_ >= options_.longest_delay;
  failures_ = lasted ? 0 : failures_ + 1;
  phase_ = phase::backing_off;
  auto delay = next_delay();
  log_loss(was_ready, reason, delay);
  after(delay, &client_core::connect);
  auto written = std::exchange(in_flight_, {});
  auto waiting = failures_ > 0 ? std::exchange(queued_, {}) : std::deque<pending_call>{};
  publish(false, reason, refused);
  fail_all(std::move(written), outcome::unknown, "redis: connection lost: " + reason);
  fail_all(std::move(waiting), outcome::not_sent, "not connected to redis: " + reason);
}

void client_core::stop() {
  if (phase_ == phase::stopped)
    return;
  phase_ = phase::stopped;
  phase_timer_.cancel();
  deadline_timer_.cancel();
  if (auto open = std::exchange(connection_, nullptr))
    open->close();
  {
    std::lock_guard lock{inbox_mutex_};
    inbox_closed_ = true;
    std::move(inbox_.begin(), inbox_.end(), std::back_inserter(queued_));
    inbox_.clear();
  }
  auto written = std::exchange(in_flight_, {});
  auto waiting = std::exchange(queued_, {});
  publish(false, "stopped");
  fail_all(std::move(written), outcome::unknown, "redis: the client has been stopped");
  fail_all(std::move(waiting), outcome::not_sent, "redis: the client has been stopped");
}

std::chrono::milliseconds client_core::next_delay() {
  auto whole = std::min(options_.longest_delay, first_delay * (1U << std::min(failures_, 10U)));
  std::uniform_int_distribution<std::int64_t> part{whole.count() / 2, whole.count()};
  return std::chrono::milliseconds{part(random_)};
}

void client_core::publish(bool connected, const std::string& reason, bool refused) {
  {
    std::lock_guard lock{state_mutex_};
    if (state_.connected == connected && state_.reason == reason)
      return;
    state_.connected = connected;
    state_.reason = reason;
    state_.refused = refused;
  }
  if (options_.on_change)
    options_.on_change(state());
}

void client_core::log_loss(bool was_ready, const std::string& reason, std::chrono::milliseconds retry_in) {
  auto now = clock::now();
  if (!was_ready && reason == logged_reason_ && now - logged_at_ < repeat_log)
    return;
  logged_reason_ = reason;
  logged_at_ = now;
  runtime::telemetry::get().warn("redis.{} server={} name={} reason=\"{}\" retry_ms={}",
                                 was_ready ? "lost" : "unreachable", to_string(options_.server),
                                 options_.name, reason, retry_in.count());
}

// --- timers

void client_core::after(std::chrono::milliseconds delay, void (client_core::*what)()) {
  phase_timer_.expires_after(delay);
  phase_timer_.async_wait([self = shared_from_this(), what](const boost::system::error_code& cancelled) {
    if (!cancelled)
      ((*self).*what)();
  });
}

void client_core::connect_overdue() {
  if (phase_ == phase::connecting)
    broken("not connected within " + std::to_string(options_.connect_timeout.count()) + " ms, waiting for "
           + connection_->awaited());
}

void client_core::ping() {
  if (phase_ != phase::ready)
    return;
  after(options_.ping_interval, &client_core::ping);
  if (!queued_.empty() || !in_flight_.empty())
    return; // their answers tell as much
  auto deadline = clock::now() + options_.connect_timeout;
  command_batch batch;
  batch.add("PING");
  commands_.fetch_add(batch.size(), std::memory_order_relaxed);
  bytes_.fetch_add(batch.bytes().size(), std::memory_order_relaxed);
  queued_.emplace_back(std::move(batch), deadline, [](batch_result&&) {});
  watch(deadline);
  flush();
}

void client_core::watch(clock::time_point deadline) {
  if (deadline >= watched_)
    return;
  watched_ = deadline;
  deadline_timer_.expires_at(deadline);
  deadline_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled)
      self->sweep();
  });
}

void client_core::sweep() {
  if (phase_ == phase::stopped)
    return;
  watched_ = clock::time_point::max();
  auto now = clock::now();
  if (!in_flight_.empty() && in_flight_.front().deadline() <= now)
    broken("no answer within the deadline");
  // Callbacks may do anything but must find the queues whole, so they come last.
  std::vector<pending_call> unsent;
  std::vector<std::pair<completion, batch_result>> unanswered;
  auto next = clock::time_point::max();
  std::erase_if(queued_, [&](pending_call& call) {
    if (call.deadline() > now) {
      next = std::min(next, call.deadline());
      return false;
    }
    unsent.push_back(std::move(call));
    return true;
  });
  for (auto& call : in_flight_) {
    if (call.deadline() > now)
      next = std::min(next, call.deadline());
    else if (!call.settled()) {
      count(counted_.unknown);
      unanswered.push_back(call.settle(outcome::unknown, "redis: no answer within the deadline"));
    }
  }
  if (next != clock::time_point::max())
    watch(next);
  for (auto& call : unsent)
    finish(std::move(call), outcome::not_sent, "redis: the deadline passed before it could be sent");
  for (auto& [done, result] : unanswered)
    done(std::move(result));
}

} // namespace tutti::services::redis
