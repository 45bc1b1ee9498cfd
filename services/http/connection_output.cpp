#include "services/http/connection.hpp"
#include "services/http/response_writer.hpp"

#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace tutti::services::http {
namespace {

namespace gateway = actors::http_gateway;
namespace asio = boost::asio;

// Answers that are ready go out together up to about this, so that a slow reader costs no more than this and
// one body besides what waits in order.
constexpr std::size_t gathered_output = 64 * 1024;
constexpr std::size_t pulled_events = 64 * 1024;
constexpr int pulls_per_turn = 4;

} // namespace

/// True when something was written and more may follow.
bool connection::write_answers() {
  if (writing_ || closed_ || stream_)
    return false;
  auto& out = loop_->output_scratch();
  std::size_t count = 0;
  auto closing = false;
  std::shared_ptr<gateway::event_feed> feed;
  auto chunked = true;
  while (count < owed_.size() && out.size() < gathered_output && !closing) {
    auto& owed = owed_.at(count);
    if (std::exchange(owed.say_continue, false) && !owed.ready)
      out.append(continue_line);
    if (!owed.ready)
      break;
    answer_form form{owed.http_1_0, owed.close || owed.answer.close, owed.head_only};
    if (owed.answer.feed) {
      if (!form.head_only) {
        feed = std::move(owed.answer.feed);
        chunked = !form.http_1_0;
        form.close = true;
      }
      append_stream_head(out, owed.answer, form, loop_->date());
    } else {
      append_answer(out, owed.answer, form, loop_->date());
    }
    closing = form.close;
    ++count;
  }
  if (out.empty())
    return false;
  send(out);
  if (closed_)
    return false;
  auto now = clock::now();
  for (; count != 0; --count) {
    auto& owed = owed_.front();
    auto route = owed.route ? owed.route : owed.answer.route;
    loop_->handler().answered(route, owed.method, owed.answer.status, now - owed.received);
    owed_bytes_ -= owed.body_bytes;
    owed_.pop_front();
    loop_->counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
  }
  if (reader_.state() == request_reader::phase::idle)
    since_ = now;
  if (closing) {
    last_request_ = true;
    if (incomplete_ || !owed_.empty()) // requests behind the last that is answered
      client_asked_ = false;
    incomplete_.reset();
    drop_answers();
  }
  if (feed)
    open_stream(std::move(feed), chunked);
  return !writing_ && !stream_ && !closed_;
}

/// Writes now what the kernel takes; the rest is kept and follows.
void connection::send(std::string_view bytes) {
  boost::system::error_code ec;
  auto count = socket_->write_some(asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != asio::error::would_block && ec != asio::error::interrupted)
    return close();
  if (ec)
    count = 0;
  write_since_ = loop_->now();
  if (count == bytes.size())
    return;
  unsent_.assign(bytes.substr(count));
  sent_ = 0;
  arm_write();
}

void connection::arm_write() {
  writing_ = true;
  ++operations_;
  socket_->async_write_some(asio::buffer(unsent_.data() + sent_, unsent_.size() - sent_),
                            [this](boost::system::error_code ec, std::size_t count) {
                              --operations_;
                              writing_ = false;
                              loop_->new_turn();
                              if (!closed_)
                                on_write(ec, count);
                              loop_->reap(*this);
                            });
}

void connection::on_write(boost::system::error_code ec, std::size_t count) {
  if (ec)
    return close();
  write_since_ = loop_->now();
  sent_ += count;
  if (sent_ != unsent_.size())
    return arm_write();
  unsent_ = {};
  sent_ = 0;
  if (stream_ && stream_->ending)
    end_stream();
  else
    advance();
}

void connection::drop_answers() noexcept {
  loop_->counters().in_flight.fetch_sub(owed_.size(), std::memory_order_relaxed);
  owed_.clear();
  owed_bytes_ = 0;
}

// Input that nobody reads turns a close into a reset, which may overtake the answer. So the client is told
// that nothing more comes, and what it sends is passed over until it closes too.
void connection::finish() {
  if (client_done_ || (client_asked_ && !reader_.has_input()))
    return close();
  boost::system::error_code ec;
  socket_->shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  if (ec)
    return close();
  lingering_ = true;
  since_ = loop_->now();
  reader_.drop_input();
  arm_read();
}

void connection::close() noexcept {
  if (std::exchange(closed_, true))
    return;
  boost::system::error_code ec;
  socket_->close(ec);
  socket_.reset();
  forget_stream();
  incomplete_.reset();
  drop_answers();
  reader_.clear();
  unsent_ = {};
}

void connection::open_stream(std::shared_ptr<gateway::event_feed> feed, bool chunked) {
  // Readers of streams do not half-close; who has sent FIN has left.
  if (client_done_)
    return close();
  reader_.drop_input();
  discarded_ = 0;
  stream_ = std::make_unique<stream_state>(stream_state{std::move(feed), chunked, false, loop_->now()});
  loop_->counters().feeds.fetch_add(1, std::memory_order_relaxed);
  stream_->feed->on_ready([weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->wake();
  });
}

void connection::wake() {
  if (!wake_sent_.exchange(true, std::memory_order_acq_rel))
    loop_->wake(shared_from_this());
}

void connection::pump() {
  std::string events;
  for (int i = 0; i < pulls_per_turn; ++i) {
    if (closed_ || writing_ || !stream_)
      return;
    events.clear();
    try {
      stream_->feed->pull(events, pulled_events);
    } catch (const std::exception&) { // one stream's trouble
      return end_stream();
    }
    if (events.empty())
      return;
    send_events(events);
  }
  // A feed that always has more must not keep the other connections waiting.
  if (!closed_ && !writing_)
    wake();
}

void connection::send_events(std::string_view events) {
  stream_->last_write = loop_->now();
  if (!stream_->chunked)
    return send(events);
  auto& out = loop_->output_scratch();
  append_chunk(out, events);
  send(out);
}

void connection::end_stream() {
  stream_->ending = true;
  if (writing_)
    return;
  auto chunked = stream_->chunked;
  forget_stream();
  if (chunked)
    send(last_chunk);
  if (!closed_ && !writing_)
    finish();
}

void connection::forget_stream() noexcept {
  if (!stream_)
    return;
  stream_.reset();
  loop_->counters().feeds.fetch_sub(1, std::memory_order_relaxed);
}

} // namespace tutti::services::http
