#include "services/sim/discord/gateway/identify.hpp"

#include "services/sim/discord/gateway/session.hpp"

namespace tutti::services::sim::discord {
namespace {

// 0-16, 20, 21, 24, 25.
constexpr std::uint64_t known_intents = 0x1ffff | 3ull << 20 | 3ull << 24;
// None of the bots has them enabled.
constexpr std::uint64_t privileged_intents =
    1ull << intent::guild_members | 1ull << intent::presences | 1ull << intent::message_content;

constexpr identify_refusal undecodable{4002, "identify_form", "Error while decoding payload."};

bool read_shard(const json& shard, identify_request& out) {
  auto& pair = shard.items();
  if (pair.size() != 2 || !pair[0].is_integer() || !pair[1].is_integer() || pair[0].integer() < 0
      || pair[0].integer() >= pair[1].integer())
    return false;
  out.shard = static_cast<std::uint64_t>(pair[0].integer());
  out.shards = static_cast<std::uint64_t>(pair[1].integer());
  return true;
}

} // namespace

identify_refusal read_identify(const json& d, bool transport_compression, identify_request& out) {
  auto& properties = d["properties"];
  if (!d["token"].is_string() || !properties.is_object())
    return undecodable;
  for (auto* name : {"os", "browser", "device"})
    if (!properties[name].is_string())
      return undecodable;
  if (auto* threshold = d.find("large_threshold"))
    if (!threshold->is_integer() || threshold->integer() < 50 || threshold->integer() > 250)
      return undecodable;
  if (auto* presence = d.find("presence"))
    if (!presence->is_null() && !(*presence)["activities"].is_array())
      return undecodable;
  if (auto* compress = d.find("compress"); compress && !compress->is_bool())
    return undecodable;
  out.token = d["token"].text();
  out.compress = d["compress"].truth();
  if (out.compress && transport_compression)
    return undecodable;
  if (auto* shard = d.find("shard"); shard && !read_shard(*shard, out))
    return {4010, "shard", "Invalid shard."};
  if (!d["intents"].is_integer() || d["intents"].integer() < 0)
    return {4013, "intents", "Invalid intent(s)."};
  out.intents = static_cast<std::uint64_t>(d["intents"].integer());
  if (out.intents & ~known_intents)
    return {4013, "intents", "Invalid intent(s)."};
  if (out.intents & privileged_intents)
    return {4014, "privileged_intents", "Disallowed intent(s)."};
  return {};
}

} // namespace tutti::services::sim::discord
