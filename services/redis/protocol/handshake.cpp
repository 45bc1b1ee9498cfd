#include "services/redis/protocol/handshake.hpp"

#include "runtime/error.hpp"

#include <charconv>

namespace tutti::services::redis {
namespace {

using runtime::ec;

constexpr int oldest_major = 6, oldest_minor = 2;

bool logs_in(const server_address& as) {
  return !as.password.empty();
}

bool old_version(std::string_view version) {
  int major = 0, minor = 0;
  auto end = version.data() + version.size();
  auto read = std::from_chars(version.data(), end, major);
  if (read.ec != std::errc{})
    return true;
  if (read.ptr != end)
    std::from_chars(read.ptr + 1, end, minor);
  return major < oldest_major || (major == oldest_major && minor < oldest_minor);
}

caf::error refused_login(const server_address& as, const reply& answer) {
  if (answer.is_error("LOADING"))
    return to_error(answer);
  if (answer.is_error("WRONGPASS"))
    return runtime::make_error(ec::rejected, "wrong user or password, or the user is disabled");
  // Unknown commands are answered with their arguments.
  bool repeats = answer.text().find(as.password) != std::string_view::npos;
  return runtime::make_error(ec::rejected,
                             "AUTH is refused" + (repeats ? "" : ": " + std::string{answer.text()}));
}

caf::error refused_step(const reply& answer, const std::string& what) {
  auto reason = to_error(answer);
  if (answer.is_error("NOAUTH"))
    return runtime::make_error(ec::rejected, "the server wants a password, and none is configured");
  return runtime::is(reason, ec::unavailable)
             ? reason
             : runtime::make_error(ec::rejected, what + ": " + std::string{answer.text()});
}

} // namespace

command_batch handshake(const server_address& as, std::string_view client_name) {
  command_batch out;
  if (logs_in(as) && as.user.empty())
    out.add("AUTH", as.password);
  else if (logs_in(as))
    out.add("AUTH", as.user, as.password);
  out.add("SELECT", as.database);
  out.add("CLIENT", "SETNAME", client_name);
  for (auto* section : {"server", "replication", "persistence"})
    out.add("INFO", section);
  return out;
}

caf::expected<server_facts> judge_handshake(const server_address& as, std::span<const reply> replies) {
  if (logs_in(as)) {
    if (replies[0].is_error())
      return refused_login(as, replies[0]);
    replies = replies.subspan(1);
  }
  if (replies[0].is_error())
    return refused_step(replies[0], "database " + std::to_string(as.database) + " cannot be selected");
  if (replies[1].is_error())
    return refused_step(replies[1], "CLIENT SETNAME is refused");
  for (auto& info : replies.subspan(2))
    if (info.is_error())
      return refused_step(info, "INFO is refused, which checking the server needs");
  server_facts facts{std::string{info_field(replies[2].text(), "redis_version")},
                     std::string{info_field(replies[2].text(), "run_id")}};
  if (old_version(facts.version))
    return runtime::make_error(ec::rejected, "Redis " + facts.version + " is too old: 6.2 is needed");
  if (info_field(replies[3].text(), "role") != "master")
    return runtime::make_error(ec::unavailable, "the server is a replica, which takes no writes");
  if (info_field(replies[4].text(), "loading") != "0")
    return runtime::make_error(ec::unavailable, "the server is still loading its data");
  return facts;
}

std::string_view info_field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    auto line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(line.size() + 1, info.size()));
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':')
      continue;
    line.remove_prefix(name.size() + 1);
    return line.substr(0, line.find('\r'));
  }
  return {};
}

} // namespace tutti::services::redis
