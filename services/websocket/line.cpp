#include "services/websocket/line.hpp"

#include "services/websocket/connection.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace tutti::services::websocket {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

} // namespace

struct line::held {
  std::shared_ptr<line> of;
  std::size_t bytes;

  held(std::shared_ptr<line> l, std::size_t n) : of(std::move(l)), bytes(n) {}
  held(const held&) = delete;
  held& operator=(const held&) = delete;
  ~held() { of->released(bytes); }
};

line::line(boost::asio::io_context& context, const runtime::outbound::websocket_request& bounds)
    : id_(next_id()), max_waiting_(bounds.max_waiting), max_waiting_bytes_(bounds.max_waiting_bytes),
      max_queued_(bounds.max_queued), max_queued_bytes_(bounds.max_queued_bytes), context_(&context) {}

void line::post(std::function<void(connection&)> what) {
  std::lock_guard lock{mutex_};
  if (context_)
    boost::asio::post(*context_, [self = shared_from_this(), what = std::move(what)] {
      if (auto to = self->connection_.lock())
        what(*to);
    });
}

bool line::send(std::string text) {
  if (!open_.load(std::memory_order_acquire))
    return false;
  auto size = text.size();
  auto count = queued_.fetch_add(1, std::memory_order_relaxed) + 1;
  auto bytes = queued_bytes_.fetch_add(size, std::memory_order_relaxed) + size;
  if (count > max_queued_ || bytes > max_queued_bytes_) {
    left(size);
    return false;
  }
  post([text = std::move(text)](connection& to) mutable { to.queue(std::move(text)); });
  return true;
}

void line::left(std::size_t bytes) noexcept {
  queued_.fetch_sub(1, std::memory_order_relaxed);
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void line::close(std::uint16_t code, std::string reason) {
  open_.store(false, std::memory_order_release);
  post([code, reason = std::move(reason)](connection& to) { to.close(code, reason); });
}

void line::drop() noexcept {
  open_.store(false, std::memory_order_release);
  if (!dropped_.exchange(true))
    post([](connection& to) { to.drop(); });
}

void line::end() {
  open_.store(false, std::memory_order_release);
  std::lock_guard lock{mutex_};
  context_ = nullptr;
}

// --- the bound on what the owner has not handled

std::shared_ptr<const void> line::hold(std::size_t bytes) {
  waiting_.fetch_add(1);
  waiting_bytes_.fetch_add(bytes);
  return std::make_shared<held>(shared_from_this(), bytes);
}

bool line::full() const noexcept {
  return waiting_ >= max_waiting_ || waiting_bytes_ >= max_waiting_bytes_;
}

bool line::pause() {
  if (!full())
    return false;
  paused_ = true;
  // Room may have come before anybody could see that it is waited for.
  return full() || !paused_.exchange(false);
}

void line::released(std::size_t bytes) {
  waiting_.fetch_sub(1);
  waiting_bytes_.fetch_sub(bytes);
  if (paused_ && !full() && paused_.exchange(false))
    post([](connection& to) { to.read(); });
}

} // namespace tutti::services::websocket
