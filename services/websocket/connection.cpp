#include "services/websocket/connection.hpp"

#include "runtime/actor/scheduling.hpp"
#include "services/websocket/message_assembler.hpp"
#include "services/websocket/transport.hpp"

#include <array>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/message_id.hpp>

namespace tutti::services::websocket {
namespace {

namespace asio = boost::asio;
namespace ws = boost::beast::websocket;
namespace outbound = runtime::outbound;
using outbound::websocket_closed;
using outbound::websocket_end;

constexpr std::size_t input_size = 4096;
/// Beast's, for what is masked before it leaves.
constexpr std::size_t write_buffer = 2048;
constexpr std::uint16_t no_code = 1005; // RFC 6455, 7.4.1

std::string within(std::chrono::milliseconds time) {
  return " within " + std::to_string(time.count()) + " ms";
}

template <class Fields>
outbound::http_headers headers_of(const Fields& fields) {
  outbound::http_headers out;
  for (auto& field : fields)
    out.add(std::string{field.name_string()}, std::string{field.value()});
  return out;
}

} // namespace

struct connection::wire {
  wire(asio::io_context& context, const outbound::websocket_request& request)
      : stream(context), messages(request.compression, request.max_message_bytes) {
    stream.read_message_max(request.max_message_bytes);
    stream.write_buffer_bytes(write_buffer);
    stream.auto_fragment(false); // some servers take whole frames only
    stream.text(true);
  }

  ws::stream<transport, false> stream; // without permessage-deflate
  message_assembler messages;
  ws::response_type response;
  std::array<char, input_size> input;
};

connection::connection(asio::io_context& context, parts init)
    : init_(std::move(init)), resolver_(context), timer_(context),
      wire_(std::make_unique<wire>(context, init_.request)) {}

connection::~connection() = default;

// --- opening

void connection::open() {
  if (init_.line->dropped())
    return drop();
  watch(clock::now() + init_.request.open_timeout, &connection::opening_overdue);
  resolver_.async_resolve(
      init_.peer.host, std::to_string(init_.peer.port),
      [self = shared_from_this()](const error& wrong, const asio::ip::tcp::resolver::results_type& found) {
        if (wrong)
          self->unreachable("the host is not known: " + wrong.message());
        else
          self->connect(found);
      });
}

void connection::connect(const asio::ip::tcp::resolver::results_type& found) {
  if (phase_ != phase::opening)
    return;
  awaited_ = "a connection";
  asio::async_connect(wire_->stream.next_layer().next_layer(), found,
                      [self = shared_from_this()](const error& wrong, const asio::ip::tcp::endpoint&) {
                        if (wrong || self->phase_ != phase::opening)
                          return self->unreachable("no connection: " + wrong.message());
                        auto& socket = self->wire_->stream.next_layer().next_layer();
                        error unusable;
                        socket.non_blocking(true, unusable);
                        if (!unusable)
                          socket.set_option(asio::ip::tcp::no_delay{true}, unusable);
                        if (unusable)
                          return self->unreachable("no connection: " + unusable.message());
                        if (!self->init_.peer.tls)
                          return self->shake_hands();
                        self->awaited_ = "TLS (is it a server without?)";
                        self->wire_->stream.next_layer().encrypt(*self->init_.tls, self->init_.peer.host,
                                                                 [self](std::string refused) {
                                                                   if (refused.empty())
                                                                     self->shake_hands();
                                                                   else
                                                                     self->unreachable(std::move(refused));
                                                                 });
                      });
}

void connection::shake_hands() {
  if (phase_ != phase::opening)
    return;
  awaited_ = "the answer to the handshake";
  auto& stream = wire_->stream;
  stream.set_option(
      ws::stream_base::decorator([headers = std::move(init_.request.headers)](ws::request_type& to) {
        for (auto& [name, value] : headers)
          to.set(name, value);
      }));
  stream.control_callback([this](ws::frame_type, boost::beast::string_view) { heard_ = clock::now(); });
  stream.async_handshake(wire_->response, init_.peer.authority, init_.peer.target,
                         [self = shared_from_this()](const error& wrong) { self->opened(wrong); });
}

void connection::opened(const error& wrong) {
  if (phase_ != phase::opening)
    return;
  auto response = std::exchange(wire_->response, {});
  wire_->stream.set_option(ws::stream_base::decorator([](ws::request_type&) {})); // the headers are not kept
  if (wrong == ws::error::upgrade_declined) {
    websocket_closed refused;
    refused.how = websocket_end::refused;
    refused.reason = "the handshake was answered " + std::to_string(response.result_int());
    refused.status = response.result_int();
    refused.headers = headers_of(response);
    return end(std::move(refused));
  }
  if (wrong)
    return unreachable("no handshake: " + wrong.message());
  phase_ = phase::open;
  init_.line->opened();
  tell(caf::make_message(outbound::websocket_opened{init_.line->id(), headers_of(response)}));
  heard_ = clock::now();
  idle();
  read();
}

void connection::opening_overdue() {
  unreachable("not open" + within(init_.request.open_timeout) + ", waiting for " + awaited_);
}

void connection::unreachable(std::string why) {
  websocket_closed event;
  event.how = websocket_end::unreachable;
  event.reason = std::move(why);
  end(std::move(event));
}

// --- what comes in

void connection::read() {
  if (phase_ != phase::open && phase_ != phase::closing)
    return;
  wire_->stream.async_read_some(
      asio::buffer(wire_->input),
      [self = shared_from_this()](const error& wrong, std::size_t size) { self->received(wrong, size); });
}

void connection::received(const error& wrong, std::size_t size) {
  if (phase_ == phase::over)
    return;
  if (wrong)
    return failed(wrong);
  heard_ = clock::now();
  using verdict = message_assembler::verdict;
  auto& stream = wire_->stream;
  auto said = wire_->messages.add({wire_->input.data(), size}, stream.got_binary(), stream.is_message_done());
  if (said == verdict::text) {
    deliver(wire_->messages.take());
  } else if (said != verdict::more) {
    websocket_closed event;
    event.how = websocket_end::misbehaved;
    event.reason = said == verdict::too_large ? "a message is too large"
                   : said == verdict::corrupt ? "a message cannot be unpacked"
                                              : "a message is not text";
    return end(std::move(event));
  }
  if (!init_.line->pause())
    read();
}

void connection::deliver(std::string text) {
  auto size = text.size();
  tell(
      caf::make_message(outbound::websocket_text{init_.line->id(), std::move(text), init_.line->hold(size)}));
}

void connection::failed(const error& wrong) {
  if (wrong == ws::error::closed)
    return peer_closed();
  if (phase_ == phase::closing && wrong == asio::error::operation_aborted)
    return; // the close itself tells
  websocket_closed event;
  event.how = wrong == ws::condition::protocol_violation || wrong == ws::error::message_too_big
                  ? websocket_end::misbehaved
                  : websocket_end::lost;
  event.reason = wrong.message();
  end(std::move(event));
}

void connection::peer_closed() {
  auto& said = wire_->stream.reason();
  websocket_closed event;
  event.how = websocket_end::closed;
  event.code = said.code == ws::close_code::none ? no_code : said.code;
  event.reason.assign(said.reason.data(), said.reason.size());
  end(std::move(event));
}

// --- what goes out

void connection::queue(std::string text) {
  if (phase_ != phase::open)
    return;
  queue_.push_back(std::move(text));
  write();
}

void connection::write() {
  if (writing_ || phase_ == phase::over || init_.line->dropped())
    return;
  if (queue_.empty()) {
    if (phase_ == phase::closing)
      send_close();
    return;
  }
  writing_ = true;
  wire_->stream.async_write(asio::buffer(queue_.front()),
                            [self = shared_from_this()](const error& wrong, std::size_t) {
                              self->writing_ = false;
                              self->init_.line->left(self->queue_.front().size());
                              self->queue_.pop_front();
                              // Whoever reads learns of it, and of a close frame that explains it.
                              if (!wrong)
                                self->write();
                            });
}

void connection::close(std::uint16_t code, const std::string& reason) {
  if (phase_ == phase::opening)
    return unreachable("closed before it was open");
  if (phase_ != phase::open)
    return;
  phase_ = phase::closing;
  close_code_ = code;
  close_reason_ = reason;
  watch(clock::now() + init_.request.close_timeout, &connection::closing_overdue);
  write();
}

void connection::send_close() {
  if (std::exchange(closing_sent_, true))
    return;
  ws::close_reason said{close_code_};
  said.reason.assign(close_reason_.data(), std::min(close_reason_.size(), said.reason.max_size()));
  wire_->stream.async_close(said, [self = shared_from_this()](const error& wrong) {
    if (self->phase_ == phase::over)
      return;
    if (wrong)
      self->failed(wrong);
    else
      self->peer_closed();
  });
}

void connection::closing_overdue() {
  websocket_closed event;
  event.reason = "no answer to the close frame" + within(init_.request.close_timeout);
  end(std::move(event));
}

// --- time

void connection::watch(clock::time_point until, void (connection::*what)()) {
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this(), what](const error& cancelled) {
    if (!cancelled && self->phase_ != phase::over)
      ((*self).*what)();
  });
}

void connection::idle() {
  if (phase_ != phase::open)
    return;
  auto whole = init_.request.idle_timeout;
  auto now = clock::now();
  if (now >= heard_ + whole) {
    websocket_closed event;
    event.reason = "nothing came" + within(whole);
    return end(std::move(event));
  }
  bool quiet = now >= heard_ + whole / 2;
  if (quiet && !std::exchange(pinged_, true))
    wire_->stream.async_ping({}, [self = shared_from_this()](const error&) { self->pinged_ = false; });
  watch(heard_ + (quiet ? whole : whole / 2), &connection::idle);
}

// --- the end

void connection::drop() {
  if (phase_ != phase::over)
    shut(true);
}

void connection::shut(bool abrupt) {
  phase_ = phase::over;
  init_.line->end();
  resolver_.cancel();
  timer_.cancel();
  wire_->stream.next_layer().close(abrupt);
  init_.ended();
}

void connection::end(websocket_closed how) {
  if (phase_ == phase::over)
    return;
  shut(how.how != websocket_end::closed);
  how.socket = init_.line->id();
  tell(caf::make_message(std::move(how)));
}

void connection::tell(caf::message event) {
  auto owner = caf::actor_cast<caf::strong_actor_ptr>(init_.owner);
  if (!owner)
    return drop();
  if (init_.line->dropped())
    return;
  // What an event sets off is mostly short: no other thread is woken for it.
  runtime::actor::lend_thread(*owner->home_system, [&](caf::execution_unit* host) {
    owner->enqueue(nullptr, caf::make_message_id(), std::move(event), host);
  });
}

} // namespace tutti::services::websocket
