#include "services/http/io_loop.hpp"

#include "services/http/connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace tutti::services::http {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr std::size_t kept_output = 256 * 1024;

// Fine enough for the shortest limit, and at most four wakes a second.
std::chrono::milliseconds sweep_interval(const server_options& o) {
  auto shortest = std::min(
      {o.header_timeout, o.body_timeout, o.idle_timeout, o.write_timeout, o.linger_timeout, o.heartbeat});
  return std::clamp(shortest / 4, std::chrono::milliseconds{5}, std::chrono::milliseconds{250});
}

} // namespace

io_loop::io_loop(const server_options& options, actors::http_gateway::request_handler& handler)
    : options_(options), limits_{options.max_header_bytes, options.max_request_line, options.max_headers},
      handler_(handler), tick_(sweep_interval(options)) {}

io_loop::~io_loop() = default;

void io_loop::run() {
  context_.run();
}

void io_loop::adopt(int socket, std::string peer, bool too_many) {
  auto& place = too_many ? counters_.refusing : counters_.open;
  place.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, socket, peer = std::move(peer), too_many]() mutable {
    auto c = std::make_shared<connection>(shared_from_this(), socket, std::move(peer), too_many);
    c->index = connections_.size();
    connections_.push_back(c);
    new_turn();
    if (!std::exchange(sweeping_, true))
      arm_sweep();
    c->start();
    reap(*c);
  });
}

void io_loop::begin_stop(clock::time_point deadline) {
  asio::post(context_, [this, deadline] {
    stopping_ = true;
    stop_deadline_ = deadline;
    new_turn();
    for (auto i = connections_.size(); i-- > 0;) { // backwards, as reap() fills a gap from the end
      auto c = connections_[i];
      c->drain();
      reap(*c);
    }
    if (connections_.empty())
      finish();
    else
      arm_sweep();
  });
}

void io_loop::deliver(std::shared_ptr<connection> to, std::uint64_t number,
                      actors::http_gateway::response&& answer) {
  enqueue({std::move(to), number, std::move(answer)});
}

void io_loop::wake(std::shared_ptr<connection> streaming) {
  enqueue({std::move(streaming), wake_only, {}});
}

void io_loop::enqueue(delivery&& item) {
  {
    std::lock_guard lock{outbox_mutex_};
    if (outbox_closed_)
      return;
    outbox_.push_back(std::move(item));
    if (outbox_.size() > 1)
      return;
  }
  // Only the first of many wakes the thread. The caller holds the connection, which holds this loop.
  asio::post(context_, [this] { drain_outbox(); });
}

void io_loop::drain_outbox() {
  {
    std::lock_guard lock{outbox_mutex_};
    inbox_.swap(outbox_);
  }
  new_turn();
  for (auto& item : inbox_) {
    if (item.number == wake_only)
      item.to->wake_taken();
    else
      item.to->settle(item.number, std::move(item.answer));
    if (!std::exchange(item.to->touched, true))
      touched_.push_back(item.to.get());
  }
  for (auto* c : touched_) {
    c->touched = false;
    c->advance();
    reap(*c);
  }
  touched_.clear();
  inbox_.clear();
}

void io_loop::submit(actors::http_gateway::request&& request) {
  if (batch_.empty())
    asio::post(context_, [this] { handler_.handle(std::exchange(batch_, {})); });
  batch_.push_back(std::move(request));
}

void io_loop::read_on(std::shared_ptr<connection> who) {
  if (reading_on_.empty())
    asio::post(context_, [this] { arm_reads(false); });
  reading_on_.push_back(std::move(who));
}

void io_loop::arm_reads(bool after_answers) {
  // What was handed on before has run by now, and may have answered.
  if (!after_answers)
    return asio::post(context_, [this] { arm_reads(true); });
  for (auto& c : std::exchange(reading_on_, {})) {
    c->arm_read();
    reap(*c);
  }
}

std::string& io_loop::output_scratch() {
  if (output_scratch_.capacity() > kept_output)
    output_scratch_ = {};
  output_scratch_.clear();
  return output_scratch_;
}

void io_loop::reap(connection& c) {
  if (!c.ended() || c.index >= connections_.size() || connections_[c.index].get() != &c)
    return;
  auto place = c.index;
  auto& counter = c.too_many() ? counters_.refusing : counters_.open;
  counter.fetch_sub(1, std::memory_order_relaxed);
  connections_[place].swap(connections_.back());
  connections_[place]->index = place;
  connections_.pop_back(); // may end `c`
  if (stopping_ && connections_.empty())
    finish();
}

void io_loop::arm_sweep() {
  sweep_timer_.expires_at(std::min(clock::now() + tick_, stop_deadline_));
  sweep_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec)
      sweep();
  });
}

void io_loop::sweep() {
  new_turn();
  auto overdue = now_ >= stop_deadline_;
  for (auto i = connections_.size(); i-- > 0;) {
    auto c = connections_[i];
    if (overdue)
      c->close();
    else
      c->check();
    reap(*c);
  }
  if (overdue)
    stop_deadline_ = clock::time_point::max(); // what is left waits for its cancelled operations only
  sweeping_ = !connections_.empty();
  if (sweeping_)
    arm_sweep();
}

void io_loop::finish() {
  sweep_timer_.cancel();
  work_.reset();
  std::vector<delivery> late; // each holds a connection, which holds this loop
  std::lock_guard lock{outbox_mutex_};
  outbox_closed_ = true;
  late.swap(outbox_);
}

} // namespace tutti::services::http
