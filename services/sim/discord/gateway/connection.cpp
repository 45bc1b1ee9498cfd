#include "services/sim/discord/gateway/connection.hpp"

#include "services/sim/discord/gateway/gateway.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

constexpr std::size_t max_frame = 4096;

bool needs_session(std::int64_t op) {
  return op == 3 || op == 4 || op == 8 || op == 31 || op == 43;
}

} // namespace

gateway_connection::gateway_connection(gateway& all, std::shared_ptr<web_socket> socket, std::uint64_t number,
                                       std::string host)
    : all_(all), socket_(std::move(socket)), number_(number), host_(std::move(host)) {}

json gateway_connection::describe() const {
  json::object out{{"connection", number_}};
  if (session_) {
    out.emplace_back("bot", std::to_string(session_->owner->id));
    out.emplace_back("shard", session_->shard);
    out.emplace_back("session", session_->id);
  }
  return out;
}

void gateway_connection::begin(const http_request& handshake) {
  by_resume_url_ = handshake.path.starts_with("/resume");
  auto compress = handshake.parameter("compress");
  if (handshake.parameter("v") != "10")
    return refuse(4012, "api_version", "Invalid API version.");
  if (handshake.parameter("encoding") != "json" || (!compress.empty() && compress != "zlib-stream"))
    return refuse(4012, "gateway_url", "Only JSON, plain or by zlib-stream.");
  if (compress == "zlib-stream")
    stream_ = std::make_unique<zlib_stream>();
  if (all_.take_reconnect_before_hello()) {
    send_op(7, nullptr);
    return;
  }
  send_hello();
}

void gateway_connection::send_hello() {
  auto& options = all_.shared().options;
  send_op(10, json::object{{"heartbeat_interval", options.heartbeat.count()},
                           {"_trace", json::array{json{"[\"tutti-sim\",{\"micros\":0.0}]"}}}});
  last_heartbeat_ = all_.shared().loop.now();
  watch_heartbeats();
  all_.shared().loop.after(options.identify_within, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && !self->session_ && !self->detached_)
      self->refuse(4009, "no_identify", "Session timed out.");
  });
}

void gateway_connection::watch_heartbeats() {
  using namespace std::chrono_literals;
  auto interval = all_.shared().options.heartbeat;
  all_.shared().loop.after(interval, [weak = weak_from_this(), interval] {
    auto self = weak.lock();
    if (!self || self->closing_)
      return;
    auto silent = self->all_.shared().loop.now() - self->last_heartbeat_;
    if (self->flow_ == web_socket::flow::open
        && silent > std::max<std::chrono::milliseconds>(2 * interval, 5s))
      return self->refuse(4009, "heartbeat_missed", "Session timed out.");
    self->watch_heartbeats();
  });
}

void gateway_connection::on_message(std::string_view payload, bool binary) {
  if (closing_)
    return;
  if (payload.size() > max_frame)
    return refuse(4002, "frame_too_long", "Error while decoding payload.");
  if (!frames_.take(all_.shared().loop.now()))
    return refuse(4008, "gateway_rate", "Rate limited.");
  auto frame = binary ? std::nullopt : json::parse(payload);
  if (!frame || !(*frame)["op"].is_integer())
    return refuse(4002, "decode", "Error while decoding payload.");
  auto op = (*frame)["op"].integer();
  auto& d = (*frame)["d"];
  if (detached_) {
    if (op != 1)
      all_.shared().breach("sent_after_takeover", json::object{{"connection", number_}, {"op", op}});
    return close(4003, "Not authenticated.");
  }
  if (op == 1)
    return heartbeat(d);
  if (op == 2 || op == 6) {
    if (session_)
      return refuse(4005, "already_authenticated", "Already authenticated.");
    return op == 2 ? all_.identify(*this, d) : all_.resume(*this, d);
  }
  if (!needs_session(op))
    return refuse(4001, "unknown_opcode", "Unknown opcode.");
  if (!session_)
    return refuse(4003, "not_authenticated", "Not authenticated.");
  all_.command(*this, op, d);
}

void gateway_connection::heartbeat(const json& d) {
  if (!d.is_null() && !d.is_integer())
    return refuse(4002, "decode", "Error while decoding payload.");
  last_heartbeat_ = all_.shared().loop.now();
  if (session_ && d.is_integer()) {
    auto seq = static_cast<std::uint64_t>(d.integer());
    if (seq > session_->sent.last())
      all_.shared().breach("heartbeat_seq", describe());
    else
      session_->acknowledged = std::max(session_->acknowledged, seq);
  }
  if (all_.acknowledges(*this))
    send_op(11, nullptr);
}

void gateway_connection::demand_heartbeat() {
  using namespace std::chrono_literals;
  send_op(1, nullptr);
  all_.shared().loop.after(2s, [weak = weak_from_this(), asked = all_.shared().loop.now()] {
    auto self = weak.lock();
    if (self && !self->closing_ && self->last_heartbeat_ < asked)
      self->all_.shared().breach("heartbeat_demand", self->describe());
  });
}

void gateway_connection::on_drained() {
  if (session_)
    all_.feed_guilds(*session_);
}

void gateway_connection::on_closed(int code) {
  auto by_client = !std::exchange(closing_, true);
  all_.closed(*this, by_client ? code : 1006);
}

void gateway_connection::send(std::string_view frame) {
  constexpr std::size_t worth_compressing = 1024;
  if (stream_)
    socket_->send(stream_->message(frame), true);
  else if (compress_payloads_ && frame.size() >= worth_compressing)
    socket_->send(zlib_stream::whole(frame), true);
  else
    socket_->send(std::string{frame}, false);
}

void gateway_connection::send_op(int op, json d) {
  send(json{json::object{{"t", nullptr}, {"s", nullptr}, {"op", op}, {"d", std::move(d)}}}.dump());
}

void gateway_connection::send_raw(std::string bytes, bool binary) {
  socket_->send(std::move(bytes), binary);
}

void gateway_connection::refuse(int code, std::string_view breach, std::string_view reason) {
  all_.shared().breach(breach, describe());
  close(code, reason);
}

void gateway_connection::close(int code, std::string_view reason) {
  if (std::exchange(closing_, true))
    return;
  all_.closing(*this, code);
  socket_->close(code, reason);
}

void gateway_connection::drop() {
  closing_ = true;
  socket_->drop();
}

void gateway_connection::set_flow(web_socket::flow to) {
  flow_ = to;
  last_heartbeat_ = all_.shared().loop.now();
  socket_->set_flow(to);
}

void gateway_connection::attach(std::shared_ptr<session> to) {
  session_ = std::move(to);
  session_->connection = weak_from_this();
}

void gateway_connection::detach() {
  session_.reset();
  detached_ = true;
}

void gateway_connection::release() {
  if (session_)
    all_.released(session_);
  session_.reset();
}

} // namespace tutti::services::sim::discord
