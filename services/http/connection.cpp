#include "services/http/connection.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::services::http {
namespace {

namespace gateway = actors::http_gateway;
namespace asio = boost::asio;

// An unread body up to here is dropped and the connection kept; reading on is cheaper than a new connection.
constexpr std::size_t skippable_body = 64 * 1024;
// What a client may still send after its last answer.
constexpr std::size_t lingering_input = 256 * 1024;

asio::ip::tcp protocol_of(int socket) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0
                 && address.ss_family == AF_INET6
             ? asio::ip::tcp::v6()
             : asio::ip::tcp::v4();
}

gateway::request make_request(const request_parser& head, const gateway::admitted& terms,
                              std::span<const gateway::header> fields, const std::string& peer,
                              io_loop::clock::time_point now) {
  gateway::request request;
  request.route = terms.route;
  request.method = head.method();
  request.target = head.target();
  request.peer = peer;
  request.received = now;
  request.deadline = now + terms.deadline;
  for (auto& field : fields)
    for (auto name : terms.keep)
      if (boost::beast::iequals({name.data(), name.size()}, {field.name.data(), field.name.size()}))
        request.headers.emplace_back(name, field.value);
  return request;
}

} // namespace

connection::connection(std::shared_ptr<io_loop> loop, int socket, std::string peer, bool too_many)
    : loop_(std::move(loop)), peer_(std::move(peer)), reader_(loop_->limits(), loop_->header_scratch()),
      since_(loop_->now()), too_many_(too_many) {
  boost::system::error_code ec;
  socket_.emplace(loop_->context());
  socket_->assign(protocol_of(socket), socket, ec);
  if (ec) {
    ::close(socket);
    closed_ = true;
    return;
  }
  socket_->non_blocking(true, ec);
  socket_->set_option(asio::ip::tcp::no_delay(true), ec);
}

void connection::deliver(std::uint64_t number, gateway::response&& answer) noexcept {
  loop_->deliver(shared_from_this(), number, std::move(answer));
}

bool connection::abandoned(std::uint64_t number) const noexcept {
  return owed_.abandoned(number);
}

void connection::start() {
  if (closed_)
    return;
  if (too_many_ || loop_->stopping()) {
    fail(owe(), 503, too_many_ ? "There are too many connections." : "The server is stopping.");
    last_request_ = true;
  }
  advance();
}

void connection::advance() {
  if (closed_ || lingering_)
    return;
  do {
    parse();
  } while (write_answers() && reader_.has_input() && !last_request_);
  if (closed_ || lingering_)
    return;
  if (stream_)
    pump();
  else if (last_request_ && owed_.empty() && !writing_ && !skipping_body_)
    return finish();
  if (owed_.empty())
    owed_.shrink();
  if (!closed_ && !reading_ && !std::exchange(arming_, true))
    loop_->read_on(shared_from_this());
}

void connection::arm_read() {
  arming_ = false;
  // Reading on while answers are owed is how a reset is noticed.
  auto in_body = incomplete_ || skipping_body_;
  auto for_nothing = last_request_ && !in_body && reader_.has_input();
  if (reading_ || closed_ || client_done_ || (!in_body && full()) || for_nothing)
    return;
  if (reader_.state() == request_reader::phase::idle)
    reader_.shrink();
  auto space = reader_.prepare();
  reading_ = true;
  ++operations_;
  socket_->async_read_some(asio::buffer(space.data(), space.size()),
                           [this](boost::system::error_code ec, std::size_t count) {
                             --operations_;
                             reading_ = false;
                             loop_->new_turn();
                             if (!closed_)
                               on_read(ec, count);
                             loop_->reap(*this);
                           });
}

void connection::on_read(boost::system::error_code ec, std::size_t count) {
  if (ec == asio::error::eof)
    return on_end_of_input();
  if (ec)
    return close(); // a reset: whoever still works for this client sees it in abandoned()
  if (lingering_ || stream_) {
    discarded_ += count;
    if (discarded_ > lingering_input)
      return close();
    return arm_read(); // into the same space, as nothing is committed
  }
  reader_.commit(count);
  advance();
}

// A client that only shut its sending side down still gets its answers; one that has left is found out by
// the write. Nothing tells the two apart before.
void connection::on_end_of_input() {
  client_done_ = last_request_ = true;
  if (lingering_ || stream_)
    return close();
  if (incomplete_) { // truncated: never handed on
    incomplete_.reset();
    owed_.pop_back();
    loop_->counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
  }
  skipping_body_ = false;
  advance();
}

void connection::parse() {
  auto requests = false;
  while ((!last_request_ || incomplete_ || skipping_body_) && !stream_) {
    if (full() && !incomplete_ && !skipping_body_)
      break;
    auto event = reader_.next();
    if (event == request_reader::event::more)
      break;
    requests = true;
    if (event == request_reader::event::head)
      on_head();
    else if (event == request_reader::event::message)
      on_body();
    else
      on_refusal();
  }
  if (requests || reader_.state() != seen_phase_)
    since_ = loop_->now();
  seen_phase_ = reader_.state();
}

owed_answer& connection::owe() {
  loop_->counters().in_flight.fetch_add(1, std::memory_order_relaxed);
  auto& owed = owed_.push();
  owed.received = loop_->now();
  return owed;
}

bool connection::full() const noexcept {
  return owed_.size() >= loop_->options().max_pipelined
         || owed_bytes_ >= loop_->options().max_pipelined_bytes;
}

void connection::on_head() {
  auto& head = reader_.head();
  auto& owed = owe();
  owed.method = head.method();
  owed.http_1_0 = head.http_1_0();
  owed.head_only = head.method() == "HEAD";
  owed.close = !head.keep_alive() || !loop_->options().keep_alive || loop_->stopping();
  client_asked_ = !head.keep_alive();
  last_request_ = owed.close;
  if (head.target() == "*") // OPTIONS: the server itself, which is well
    return answer_unread({.status = 204, .content_type = "", .body = {}});
  auto fields = std::span<const gateway::header>(loop_->header_scratch());
  auto admission = loop_->handler().admit({head.method(), head.target(), fields, peer_, reader_.has_body()});
  if (auto* answer = std::get_if<gateway::response>(&admission))
    return answer_unread(std::move(*answer));
  auto& terms = std::get<gateway::admitted>(admission);
  owed.route = terms.route;
  owed.target = head.target();
  owed.deadline = owed.received + terms.deadline;
  auto request = make_request(head, terms, fields, peer_, owed.received);
  if (!reader_.has_body())
    return hand_on(std::move(request));
  if (!reader_.expect_body(terms.max_body, true)) {
    fail(owed, 413, "The body is larger than this route takes.");
    last_request_ = true;
    client_asked_ = false;
    return;
  }
  owed.body_awaited = true;
  owed.say_continue = head.expects_continue() && !reader_.has_input();
  incomplete_ = std::make_unique<gateway::request>(std::move(request));
}

// The admission answered. A small body is passed over; one that would cost more, or that waits for a 100
// which will not come, ends the connection instead.
void connection::answer_unread(gateway::response&& answer) {
  auto& owed = owed_.back();
  owed.answer = std::move(answer);
  owed.ready = true;
  owed.close |= owed.answer.close;
  if (reader_.has_body()) {
    skipping_body_ = !reader_.head().expects_continue() && reader_.expect_body(skippable_body, false);
    owed.close |= !skipping_body_;
    client_asked_ &= skipping_body_;
  }
  last_request_ = owed.close;
}

void connection::on_body() {
  if (std::exchange(skipping_body_, false))
    return;
  owed_.back().body_awaited = owed_.back().say_continue = false;
  incomplete_->body = reader_.take_body();
  owed_.back().body_bytes = incomplete_->body.size();
  owed_bytes_ += owed_.back().body_bytes;
  hand_on(std::move(*incomplete_));
  incomplete_.reset();
}

void connection::hand_on(gateway::request&& request) {
  request.reply = gateway::responder(shared_from_this(), owed_.last());
  loop_->submit(std::move(request));
}

void connection::on_refusal() {
  last_request_ = true;
  client_asked_ = false;
  if (std::exchange(skipping_body_, false)) // it has its answer
    return;
  auto& owed = incomplete_ ? owed_.back() : owe();
  incomplete_.reset();
  fail(owed, reader_.refusal().status, reader_.refusal().detail);
}

/// The server's own answer; it ends the connection.
void connection::fail(owed_answer& owed, int status, std::string_view detail) {
  owed.answer = loop_->handler().problem(status, detail, owed.target);
  if (status == 503 && owed.answer.headers.find("Retry-After:") == std::string::npos)
    owed.answer.headers += "Retry-After: 1\r\n";
  owed.ready = true;
  owed.body_awaited = false;
  owed.close = true;
}

void connection::settle(std::uint64_t number, gateway::response&& answer) {
  auto* owed = closed_ ? nullptr : owed_.find(number);
  if (!owed || owed->ready)
    return;
  if (answer.status == 503 && answer.content_type.empty() && answer.body.empty() && answer.headers.empty()) {
    // A responder that was dropped. The fault is not the connection's, which may go on.
    auto close = owed->close;
    fail(*owed, 503, "The request was lost on its way; its outcome is unknown.");
    owed->close = close;
    return;
  }
  owed->answer = std::move(answer);
  owed->ready = true;
}

void connection::check() {
  if (closed_)
    return;
  auto now = loop_->now();
  auto& limit = loop_->options();
  if (lingering_ ? now - since_ > limit.linger_timeout : writing_ && now - write_since_ > limit.write_timeout)
    return close();
  if (lingering_)
    return;
  if (stream_) {
    if (!writing_ && now - stream_->last_write >= limit.heartbeat)
      send_events(": ping\n\n");
    return;
  }
  auto changed = false;
  for (std::size_t i = 0; i < owed_.size(); ++i) {
    auto& owed = owed_.at(i);
    if (owed.ready || owed.body_awaited || owed.deadline > now)
      continue;
    auto close_after = owed.close;
    fail(owed, 504, "The answer was not ready in time.");
    owed.close = close_after;
    owed_.abandon(owed_.last() - (owed_.size() - 1 - i));
    changed = true;
  }
  switch (reader_.state()) {
  case request_reader::phase::head:
    if (!full() && !last_request_ && now - since_ > limit.header_timeout) {
      fail(owe(), 408, "The request's head did not come in time.");
      last_request_ = changed = true;
      client_asked_ = false;
    }
    break;
  case request_reader::phase::body:
    if (now - since_ > limit.body_timeout || (incomplete_ && now > owed_.back().deadline)) {
      if (incomplete_)
        fail(owed_.back(), 408, "The request's body did not come in time.");
      incomplete_.reset();
      skipping_body_ = false;
      client_asked_ = false;
      last_request_ = changed = true;
    }
    break;
  default:
    if (owed_.empty() && !writing_ && now - since_ > limit.idle_timeout)
      return close();
  }
  if (changed)
    advance();
}

void connection::drain() {
  if (closed_ || lingering_)
    return;
  if (stream_)
    return end_stream();
  // A request that is half here may be completed, unless others come before it.
  auto partial = reader_.state() == request_reader::phase::head && owed_.empty();
  if (!partial)
    last_request_ = true;
  if (!owed_.empty())
    owed_.back().close = true;
  else if (!partial && !writing_ && !skipping_body_)
    return close();
  advance();
}

} // namespace tutti::services::http
