#include "services/sim/discord/gateway/gateway.hpp"

#include "services/sim/discord/gateway/connection.hpp"

#include <utility>

namespace tutti::services::sim::discord {

void gateway::open(const http_request& handshake, std::shared_ptr<web_socket> socket) {
  auto number = ++next_connection_;
  auto made =
      std::make_shared<gateway_connection>(*this, socket, number, std::string{handshake.header("host")});
  socket->listen(made);
  connections_.emplace(made.get(), made);
  ++core_.totals["connections"];
  core_.note("connect", json::object{{"connection", number},
                                     {"path", handshake.path},
                                     {"query", handshake.query},
                                     {"userAgent", handshake.header("user-agent")}});
  made->begin(handshake);
}

std::vector<std::shared_ptr<gateway_connection>> gateway::connections() const {
  std::vector<std::shared_ptr<gateway_connection>> out;
  for (auto& [key, one] : connections_)
    out.push_back(one);
  return out;
}

bool gateway::take_reconnect_before_hello() {
  if (reconnects_before_hello == 0)
    return false;
  --reconnects_before_hello;
  return true;
}

bool gateway::acknowledges(const gateway_connection& which) {
  return !withholds_ack || !withholds_ack(which);
}

void gateway::closing(gateway_connection& which, int code) {
  ++closes_[code];
  auto fields = which.describe();
  fields.set("code", code);
  core_.note("close", fields);
}

void gateway::closed(gateway_connection& which, int code) {
  auto kept = connections_.extract(&which); // it lives until we are done
  auto fields = which.describe();
  fields.set("code", code);
  core_.note("closed", fields);
  auto of = which.attached();
  if (!of || of->connection.lock().get() != &which)
    return;
  if (code == 1000 || code == 1001)
    end_session(of, "closed by the client");
  else
    released(of);
}

void gateway::released(const std::shared_ptr<session>& which) {
  which->connection.reset();
  auto at = which->detached_at = core_.loop.now();
  core_.loop.after(core_.options.resume_window, [this, at, weak = std::weak_ptr<session>{which}] {
    auto one = weak.lock();
    if (one && one->connection.expired() && one->detached_at == at)
      end_session(one, "not resumed");
  });
}

void gateway::end_session(const std::shared_ptr<session>& which, std::string_view why) {
  if (sessions_.erase(which->id) == 0)
    return;
  core_.totals["acknowledged"] += which->acknowledged;
  core_.note("session_end", json::object{{"session", which->id}, {"shard", which->shard}, {"reason", why}});
  end_(*which);
}

void gateway::command(gateway_connection& from, std::int64_t op, const json& d) {
  if (op == 4)
    return voice_(from.attached(), d);
  core_.note("command", json::object{{"op", op}, {"shard", from.attached()->shard}, {"d", d}});
  if (op == 3)
    ++core_.totals["presenceUpdates"];
}

void gateway::dispatch(session& to, std::string_view type, const json& d) {
  std::string frame = "{\"t\":\"";
  frame.append(type).append("\",\"s\":").append(std::to_string(to.sent.last() + 1));
  frame.append(",\"op\":0,\"d\":").append(d.dump()).append("}");
  ++core_.totals["dispatches"];
  if (type != "GUILD_CREATE")
    core_.note("dispatch", json::object{{"type", type},
                                        {"seq", to.sent.last() + 1},
                                        {"bot", std::to_string(to.owner->id)},
                                        {"shard", to.shard},
                                        {"attached", !to.connection.expired()}});
  to.sent.add(frame);
  auto over = to.connection.lock();
  if (!over)
    return;
  if (to.lose == 0)
    return over->send(frame);
  if (--to.lose == 0) {
    if (to.lose_code != 0)
      over->close(to.lose_code, "");
    else
      over->drop();
  }
}

void gateway::broadcast(std::uint64_t guild, unsigned intent, std::string_view type, const json& d,
                        const bot* only) {
  for (auto& [id, one] : sessions_)
    if (one->covers(guild) && one->wants(intent) && (!only || one->owner == only))
      dispatch(*one, type, d);
}

std::shared_ptr<session> gateway::session_of(const bot& owner, std::uint64_t guild) const {
  std::shared_ptr<session> best;
  auto rank = [](const session& s) { return std::pair{!s.connection.expired(), s.number}; };
  for (auto& [id, one] : sessions_)
    if (one->owner == &owner && one->covers(guild) && (!best || rank(*one) > rank(*best)))
      best = one;
  return best;
}

std::uint64_t gateway::acknowledged() const {
  auto ended = core_.totals.find("acknowledged");
  auto out = ended == core_.totals.end() ? 0 : ended->second;
  for (auto& [id, one] : sessions_)
    out += one->acknowledged;
  return out;
}

void gateway::summarise(json& out) const {
  json::array all;
  for (auto& [id, one] : sessions_)
    all.push_back(json::object{{"session", id},
                               {"bot", std::to_string(one->owner->id)},
                               {"shard", one->shard},
                               {"shards", one->shards},
                               {"seq", one->sent.last()},
                               {"acknowledged", one->acknowledged},
                               {"attached", !one->connection.expired()}});
  json::object codes;
  for (auto& [code, count] : closes_)
    codes.emplace_back(std::to_string(code), count);
  out.set("sessions", std::move(all));
  out.set("connectionsOpen", connections_.size());
  out.set("closes", std::move(codes));
}

} // namespace tutti::services::sim::discord
