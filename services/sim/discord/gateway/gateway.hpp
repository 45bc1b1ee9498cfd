#pragma once
#include "services/sim/base/http_message.hpp"
#include "services/sim/base/web_socket.hpp"
#include "services/sim/discord/gateway/session.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::sim::discord {

class gateway_connection;

/// All gateway connections and sessions: identify, resume, dispatch.
class gateway {
public:
  /// Op 4, of a session's bot.
  using voice_handler = std::function<void(const std::shared_ptr<session>&, const json& d)>;
  /// A session is over; its voice states are its bot's no more.
  using end_handler = std::function<void(const session&)>;

  explicit gateway(core& all) : core_(all) {}
  void on_voice(voice_handler handler) { voice_ = std::move(handler); }
  void on_end(end_handler handler) { end_ = std::move(handler); }
  core& shared() noexcept { return core_; }

  void open(const http_request& handshake, std::shared_ptr<web_socket> socket);

  /// Of the connections.
  void identify(gateway_connection& from, const json& d);
  void resume(gateway_connection& from, const json& d);
  void command(gateway_connection& from, std::int64_t op, const json& d);
  void closing(gateway_connection& which, int code);
  void closed(gateway_connection& which, int code);
  /// The session has no connection any more; it ends unless it is resumed.
  void released(const std::shared_ptr<session>& which);
  bool take_reconnect_before_hello();
  bool acknowledges(const gateway_connection& which);
  /// Sends GUILD_CREATEs until the connection has enough for now.
  void feed_guilds(session& to);

  void dispatch(session& to, std::string_view type, const json& d);
  /// To each session that covers the guild, wants the intent, and is `only`'s where that is set.
  void broadcast(std::uint64_t guild, unsigned intent, std::string_view type, const json& d,
                 const bot* only = nullptr);
  /// Where the guild's interactions go: the session with a connection, of several the newest. Null: none.
  std::shared_ptr<session> session_of(const bot& owner, std::uint64_t guild) const;
  void end_session(const std::shared_ptr<session>& which, std::string_view why);

  const std::map<std::string, std::shared_ptr<session>>& sessions() const noexcept { return sessions_; }
  std::vector<std::shared_ptr<gateway_connection>> connections() const;
  /// Dispatches that heartbeats and resumes have confirmed by their sequence.
  std::uint64_t acknowledged() const;
  void summarise(json& out) const;

  /// Faults, see gateway_faults.
  std::uint64_t reconnects_before_hello = 0;
  std::function<bool(const gateway_connection&)> withholds_ack;

private:
  void welcome(gateway_connection& to, const std::shared_ptr<session>& fresh);
  void replay(const std::shared_ptr<session>& to, gateway_connection& over, std::uint64_t seq);

  core& core_;
  voice_handler voice_;
  end_handler end_;
  std::map<gateway_connection*, std::shared_ptr<gateway_connection>> connections_;
  std::map<std::string, std::shared_ptr<session>> sessions_;
  std::map<int, std::uint64_t> closes_; ///< by the server
  std::uint64_t next_connection_ = 0;
  std::uint64_t next_session_ = 0;
};

} // namespace tutti::services::sim::discord
