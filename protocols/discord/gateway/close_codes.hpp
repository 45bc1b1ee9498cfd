#pragma once
#include <cstdint>
#include <string_view>

namespace tutti::protocols::discord {

/// What a shard does after its connection has ended.
enum class after_close : std::uint8_t {
  resume,   ///< the session lives on: connect to `resume_gateway_url`, Resume
  identify, ///< the session is gone: connect to the base URL, Identify
  fatal,    ///< trying again cannot help: stop this shard, raise an alarm
};

struct close_policy {
  std::uint16_t code = 0;
  after_close then = after_close::resume;
  std::string_view words; ///< for logs and people
};

/// Discord's documented gateway close codes (discord-gateway, "Close codes"). 4006 is not in use.
inline constexpr close_policy close_policies[] = {
    {1000, after_close::resume, "closed by the server"},
    {1001, after_close::resume, "the server is going away"},
    {1006, after_close::resume, "connection lost"},
    {4000, after_close::resume, "unknown error"},
    {4001, after_close::resume, "unknown opcode"},
    {4002, after_close::resume, "a payload could not be decoded"},
    {4003, after_close::identify, "not authenticated"},
    {4004, after_close::fatal, "the bot's token is wrong"},
    {4005, after_close::resume, "already authenticated"},
    {4007, after_close::identify, "invalid sequence number in Resume"},
    {4008, after_close::resume, "rate limited"},
    {4009, after_close::identify, "the session has timed out"},
    {4010, after_close::fatal, "invalid shard"},
    {4011, after_close::fatal, "too many guilds for a shard: more shards are needed"},
    {4012, after_close::fatal, "invalid API version"},
    {4013, after_close::fatal, "invalid intents"},
    {4014, after_close::fatal, "a privileged intent is not enabled for the application"},
};

/// Any code that is not listed means resume, as does a connection that ended without one (pass 1006).
constexpr close_policy policy_of(std::uint16_t code) noexcept {
  for (auto& one : close_policies)
    if (one.code == code)
      return one;
  return {code, after_close::resume, "unknown close code"};
}

/// What we close with to keep the session for a Resume: 1000 and 1001 would end it.
inline constexpr std::uint16_t close_keeping_session = 4000;

} // namespace tutti::protocols::discord
