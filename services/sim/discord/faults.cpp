#include "services/sim/discord/faults.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tutti::services::sim::discord {
namespace {

const std::string not_mine = "there is no such fault";

std::chrono::milliseconds fault_ms(const json& fault, std::string_view name, std::int64_t otherwise) {
  return std::chrono::milliseconds{std::clamp<std::int64_t>(fault[name].integer(otherwise), 0, 86'400'000)};
}

bool ends_session(std::int64_t code) {
  return code == 1000 || code == 1001 || code == 4003 || code == 4004 || code == 4007 || code == 4009
         || (code >= 4010 && code <= 4014);
}

} // namespace

bool faults::matches(const json& fault, const gateway_connection& one) const {
  auto& of = one.attached();
  if (!of)
    return false;
  auto shard = fault["shard"].is_null() || fault["shard"].integer(-1) == static_cast<std::int64_t>(of->shard);
  return shard && (fault["bot"].is_null() || fault["bot"].text() == std::to_string(of->owner->id));
}

faults::connections faults::chosen(const json& fault) const {
  connections out;
  for (auto& one : gateway_.connections())
    if (matches(fault, *one))
      out.push_back(one);
  return out;
}

std::string faults::inject(const json& fault) {
  auto after = fault_ms(fault, "afterMs", 0);
  if (after.count() > 0) {
    auto now = fault;
    now.erase("afterMs");
    core_.loop.after(after, [this, now] {
      auto wrong = inject(now);
      if (!wrong.empty())
        core_.note("fault_failed", json::object{{"fault", now}, {"error", wrong}});
    });
    return {};
  }
  auto& what = fault["fault"].text();
  auto to_rest = fault["target"].text() == "rest";
  core_.note("fault", json::object{{"fault", fault}});
  for (auto try_one : {&faults::on_all, to_rest ? &faults::on_rest : &faults::on_connections,
                       to_rest ? &faults::on_connections : &faults::on_rest, &faults::on_events}) {
    auto wrong = (this->*try_one)(fault, what);
    if (wrong != not_mine)
      return wrong;
  }
  return not_mine + " of discord: " + what;
}

std::string faults::on_connections(const json& fault, const std::string& what) {
  auto all = chosen(fault);
  if (what == "close") {
    auto code = fault["code"].integer(4000);
    if (code < 1000 || code > 4999)
      return "code must be 1000 to 4999";
    for (auto& one : all) {
      auto of = one->attached();
      one->close(static_cast<int>(code), fault["reason"].text());
      if (ends_session(code))
        gateway_.end_session(of, "closed by a fault");
    }
  } else if (what == "drop") {
    for (auto& one : all)
      one->drop();
  } else if (what == "blackhole") {
    for (auto& one : all)
      one->set_flow(web_socket::flow::swallowed);
  } else if (what == "reconnect") {
    if (fault["beforeHello"].truth())
      gateway_.reconnects_before_hello += static_cast<std::uint64_t>(fault["count"].integer(1));
    else
      for (auto& one : all)
        one->send_op(7, nullptr);
  } else if (what == "invalid_session") {
    auto resumable = fault["resumable"].truth();
    for (auto& one : all) {
      auto of = one->attached();
      one->send_op(9, resumable);
      if (!resumable)
        gateway_.end_session(of, "invalidated by a fault");
      one->release();
    }
  } else if (what == "heartbeat") {
    for (auto& one : all)
      one->demand_heartbeat();
  } else if (what == "no_ack") {
    auto until = core_.loop.now() + fault_ms(fault, "durationMs", 86'400'000);
    gateway_.withholds_ack = [this, fault, until](const gateway_connection& one) {
      return core_.loop.now() < until && matches(fault, one);
    };
  } else if (what == "lose") {
    for (auto& one : all) {
      one->attached()->lose =
          static_cast<std::size_t>(std::clamp<std::int64_t>(fault["events"].integer(1), 1, 100'000));
      one->attached()->lose_code = static_cast<int>(fault["code"].integer());
    }
  } else if (what == "reorder") {
    for (auto& one : all)
      one->attached()->reorder = true;
  } else if (what == "forget") {
    for (auto& one : all) {
      gateway_.end_session(one->attached(), "forgotten by a fault");
      one->drop();
    }
  } else if (what == "garbage") {
    auto& kind = fault["what"].text();
    for (auto& one : all) {
      if (kind == "opcode")
        one->send_op(99, json::object{{"sim", true}});
      else if (kind == "event")
        gateway_.dispatch(*one->attached(), "SIM_UNHEARD_OF", json::object{{"sim", true}});
      else if (kind == "binary")
        one->send_raw(std::string("\x00\xff\x00\xff garbage", 12), true);
      else
        one->send_raw("{\"op\":0,\"t\":\"READY\",\"d\":{", false);
    }
  } else {
    return not_mine;
  }
  return {};
}

std::string faults::on_rest(const json& fault, const std::string& what) {
  rest_fault made;
  made.path = fault["path"].text();
  made.left = fault["count"].is_integer() ? static_cast<std::uint64_t>(fault["count"].integer()) : UINT64_MAX;
  made.status = static_cast<int>(fault["code"].integer(503));
  made.scope = fault["scope"].text();
  if (fault["retryAfter"].is_number())
    made.retry_after_s = fault["retryAfter"].number();
  if (fault["durationMs"].is_integer())
    made.until = core_.loop.now() + fault_ms(fault, "durationMs", 0);
  if (what == "slow") {
    rest_.slow = fault_ms(fault, "ms", 1000);
    return {};
  }
  if (what == "status")
    made.what = rest_fault::kind::status;
  else if (what == "garbage")
    made.what = rest_fault::kind::garbage;
  else if (what == "refuse")
    made.what = rest_fault::kind::refuse;
  else
    return not_mine;
  if (made.status < 200 || made.status > 599)
    return "code must be 200 to 599";
  rest_.add(made);
  return {};
}

std::string faults::on_all(const json& fault, const std::string& what) {
  auto& target = fault["target"].text();
  if (!target.empty() && target != "rest" && target != "gateway")
    return "target must be rest or gateway";
  if (what == "refuse" && target != "rest") {
    if (target == "gateway")
      refuse_gateway_ = true;
    else
      server_->refuse(true);
  } else if (what == "freeze") {
    freeze(true);
  } else if (what == "crash") {
    crash(fault);
  } else {
    return not_mine;
  }
  if (fault["durationMs"].is_integer() && what != "crash")
    core_.loop.after(fault_ms(fault, "durationMs", 0), [this, what] {
      if (what == "freeze")
        return freeze(false);
      refuse_gateway_ = false;
      server_->refuse(false);
    });
  return {};
}

std::string faults::on_events(const json& fault, const std::string& what) {
  auto* in = core_.world.find_guild(parse_id(fault["guildId"].text()).value_or(first_guild));
  if (!in)
    return "there is no such guild";
  if (what == "duplicate") {
    interactions_.duplicates += static_cast<std::uint64_t>(fault["count"].integer(1));
  } else if (what == "null_endpoint") {
    voice_.migrate(*in, fault_ms(fault, "ms", 1000));
  } else if (what == "late_null") {
    voice_.late_null = fault_ms(fault, "ms", 2000);
  } else if (what == "outage") {
    gateway_.broadcast(in->id, intent::guilds, "GUILD_DELETE",
                       json::object{{"id", std::to_string(in->id)}, {"unavailable", true}});
    core_.loop.after(fault_ms(fault, "durationMs", 1000), [this, in] {
      for (auto& one : core_.bots)
        gateway_.broadcast(in->id, intent::guilds, "GUILD_CREATE", core_.world.guild_create(*in, one.id),
                           &one);
    });
  } else if (what == "session_starts") {
    for (auto& one : core_.bots)
      one.gate.starts().leave(static_cast<std::uint64_t>(fault["remaining"].integer(0)), core_.loop.now());
  } else {
    return not_mine;
  }
  return {};
}

void faults::freeze(bool frozen) {
  frozen_ = frozen;
  for (auto& one : gateway_.connections())
    one->set_flow(frozen ? web_socket::flow::held : web_socket::flow::open);
  if (!frozen)
    for (auto& request : std::exchange(held_, {}))
      request();
}

bool faults::hold(std::function<void()> request) {
  constexpr std::size_t max_held = 10'000;
  if (frozen_ && held_.size() < max_held)
    held_.push_back(std::move(request));
  return frozen_;
}

void faults::crash(const json& fault) {
  auto all = gateway_.sessions();
  for (auto& [id, one] : all)
    gateway_.end_session(one, "crashed by a fault");
  for (auto& one : gateway_.connections())
    one->drop();
  server_->refuse(true);
  server_->drop_connections();
  core_.loop.after(fault_ms(fault, "durationMs", 2000), [this] { server_->refuse(false); });
}

void faults::heal() {
  for (auto& one : gateway_.connections())
    if (one->flow() == web_socket::flow::swallowed)
      one->drop(); // its client has missed too much to go on
  freeze(false);
  gateway_.withholds_ack = nullptr;
  gateway_.reconnects_before_hello = 0;
  for (auto& [id, one] : gateway_.sessions()) {
    one->lose = 0;
    one->reorder = false;
  }
  voice_.late_null.reset();
  interactions_.duplicates = 0;
  rest_.clear();
  refuse_gateway_ = false;
  server_->refuse(false);
}

} // namespace tutti::services::sim::discord
