#pragma once
#include "services/sim/base/web_socket.hpp"
#include "services/sim/discord/gateway/session.hpp"
#include "services/sim/discord/gateway/zlib_stream.hpp"
#include "services/sim/discord/rules/frame_limit.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

class gateway;

/// One gateway connection: frames, heartbeats, and the limits that hold for a connection.
class gateway_connection final : public web_socket::listener,
                                 public std::enable_shared_from_this<gateway_connection> {
public:
  gateway_connection(gateway& all, std::shared_ptr<web_socket> socket, std::uint64_t number,
                     std::string host);

  /// Says Hello, or refuses what the URL's parameters ask for.
  void begin(const http_request& handshake);

  void on_message(std::string_view payload, bool binary) override;
  void on_drained() override;
  void on_closed(int code) override;

  void send(std::string_view frame);
  /// A frame without sequence.
  void send_op(int op, json d);
  /// Op 1: the client must answer with a heartbeat at once.
  void demand_heartbeat();
  void close(int code, std::string_view reason);
  void drop();
  void set_flow(web_socket::flow to);
  /// As it is, whatever the client expects.
  void send_raw(std::string bytes, bool binary);

  void attach(std::shared_ptr<session> to);
  /// Another connection has resumed the session.
  void detach();
  /// The session is invalid: the client may identify or resume here.
  void release();
  web_socket::flow flow() const noexcept { return flow_; }
  const std::shared_ptr<session>& attached() const noexcept { return session_; }
  bool transport_compression() const noexcept { return stream_ != nullptr; }
  void compress_payloads() noexcept { compress_payloads_ = true; }
  /// What the client called us by, for URLs.
  const std::string& host() const noexcept { return host_; }
  /// It came by the URL for resumes.
  bool by_resume_url() const noexcept { return by_resume_url_; }
  json describe() const;

private:
  /// Closes, and counts a breach.
  void refuse(int code, std::string_view breach, std::string_view reason);
  void heartbeat(const json& d);
  void watch_heartbeats();
  void send_hello();

  gateway& all_;
  std::shared_ptr<web_socket> socket_;
  std::uint64_t number_;
  std::string host_;
  std::unique_ptr<zlib_stream> stream_;
  std::shared_ptr<session> session_;
  frame_limit frames_;
  steady_time last_heartbeat_{};
  bool compress_payloads_ = false;
  bool by_resume_url_ = false;
  bool detached_ = false;
  bool closing_ = false;
  web_socket::flow flow_ = web_socket::flow::open;
};

} // namespace tutti::services::sim::discord
