#include "services/sim/base/beast_socket.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace tutti::services::sim {

namespace websocket = boost::beast::websocket;
using beast_error = boost::beast::error_code;

void beast_socket::accept(const beast_request& upgrade) {
  boost::beast::get_lowest_layer(stream_).expires_never();
  websocket::stream_base::timeout limits{};
  limits.handshake_timeout = std::chrono::seconds{5}; // also how long a close waits for the client's
  limits.idle_timeout = websocket::stream_base::none();
  limits.keep_alive_pings = false;
  stream_.set_option(limits);
  stream_.read_message_max(max_message);
  stream_.auto_fragment(false); // as Discord: one frame a message
  stream_.async_accept(upgrade, [self = shared_from_this()](beast_error failure) {
    if (failure)
      return self->finish(1006);
    self->accepted_ = true;
    self->read();
    self->write();
  });
}

void beast_socket::send(std::string payload, bool binary) {
  push({std::move(payload), binary, 0});
}

void beast_socket::close(int code, std::string_view reason) {
  push({std::string{reason}, false, code});
  closing_ = true;
}

void beast_socket::push(frame one) {
  if (closing_ || finished_ || flow_ == flow::swallowed)
    return;
  queued_ += one.payload.size();
  if (queued_ > max_queue)
    return drop();
  queue_.push_back(std::move(one));
  write();
}

void beast_socket::drop() {
  if (finished_)
    return;
  closing_ = true;
  boost::beast::get_lowest_layer(stream_).close();
  // The read ends with an error; but there may be none under way.
  boost::asio::post(stream_.get_executor(), [self = shared_from_this()] { self->finish(1006); });
}

void beast_socket::set_flow(flow to) {
  flow_ = to;
  read();
  write();
}

void beast_socket::read() {
  if (!accepted_ || reading_ || finished_ || flow_ != flow::open)
    return;
  reading_ = true;
  stream_.async_read(input_, [self = shared_from_this()](beast_error failure, std::size_t) {
    self->reading_ = false;
    if (failure == websocket::error::closed)
      return self->finish(self->stream_.reason().code);
    if (failure)
      return self->finish(1006);
    if (self->flow_ == flow::swallowed)
      return;
    auto bytes = self->input_.cdata();
    auto kept = self->shared_from_this(); // the listener may let go of us
    if (auto to = self->listener_.lock(); to && !self->closing_)
      to->on_message({static_cast<const char*>(bytes.data()), bytes.size()}, self->stream_.got_binary());
    self->input_.consume(self->input_.size());
    self->read();
  });
}

void beast_socket::write() {
  if (!accepted_ || writing_ || finished_ || queue_.empty() || flow_ != flow::open)
    return;
  writing_ = true;
  auto& next = queue_.front();
  auto done = [self = shared_from_this()](beast_error failure) {
    self->writing_ = false;
    if (self->finished_)
      return;
    self->queued_ -= self->queue_.front().payload.size();
    self->queue_.pop_front();
    if (failure)
      return self->drop();
    if (!self->queue_.empty())
      return self->write();
    if (auto to = self->listener_.lock(); to && !self->closing_)
      to->on_drained();
  };
  if (next.close_code != 0) {
    websocket::close_reason reason{static_cast<std::uint16_t>(next.close_code)};
    reason.reason = next.payload;
    stream_.async_close(reason, done);
  } else {
    stream_.binary(next.binary);
    stream_.async_write(boost::asio::buffer(next.payload),
                        [done = std::move(done)](beast_error failure, std::size_t) { done(failure); });
  }
}

void beast_socket::finish(int code) {
  if (std::exchange(finished_, true))
    return;
  if (auto to = listener_.lock())
    to->on_closed(code);
}

} // namespace tutti::services::sim
