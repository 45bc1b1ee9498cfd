#include "services/sim/discord/model/messages.hpp"

#include "services/sim/discord/model/message_parts.hpp"

namespace tutti::services::sim::discord {

message& messages::create(std::uint64_t channel, std::uint64_t author, const json& from, std::int64_t flags) {
  message made{core_.ids.next(), channel, author, (flags & 1 << 6) != 0};
  made.body = json::object{{"id", std::to_string(made.id)},
                           {"type", 0},
                           {"channel_id", std::to_string(channel)},
                           {"author", core_.world.user(author)},
                           {"content", from["content"].text()},
                           {"timestamp", timestamp()},
                           {"edited_timestamp", nullptr},
                           {"tts", from["tts"].truth()},
                           {"mention_everyone", false},
                           {"mentions", json::array{}},
                           {"mention_roles", json::array{}},
                           {"attachments", json::array{}},
                           {"embeds", answered_embeds(from["embeds"])},
                           {"components", answered_components(from["components"])},
                           {"pinned", false},
                           {"flags", flags}};
  if (!from["nonce"].is_null())
    made.body.set("nonce", from["nonce"]);
  if (all_.size() >= max_messages)
    all_.erase(all_.begin()); // ids rise
  return all_[made.id] = std::move(made);
}

void messages::edit(message& which, const json& from) {
  if (from.has("content"))
    which.body.set("content", from["content"].text());
  if (from.has("embeds"))
    which.body.set("embeds", answered_embeds(from["embeds"]));
  if (from.has("components"))
    which.body.set("components", answered_components(from["components"]));
  if (from["flags"].is_integer())
    which.body.set("flags", from["flags"].integer() | (which.body["flags"].integer() & 1 << 6));
  which.body.set("edited_timestamp", timestamp());
}

void messages::erase(std::uint64_t id) {
  all_.erase(id);
}

message* messages::find(std::uint64_t id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

message* messages::with_component(std::uint64_t guild, const std::string& component, std::string& custom_id,
                                  int& type) {
  for (auto one = all_.rbegin(); one != all_.rend(); ++one) {
    auto* in = core_.world.guild_of_channel(one->second.channel);
    if (!in || in->id != guild)
      continue;
    if (auto* found = find_component(one->second.body["components"], component)) {
      custom_id = (*found)["custom_id"].text();
      type = static_cast<int>((*found)["type"].integer());
      return &one->second;
    }
  }
  return nullptr;
}

std::vector<const message*> messages::of_channel(std::uint64_t channel, std::size_t limit) const {
  std::vector<const message*> out;
  for (auto one = all_.rbegin(); one != all_.rend() && out.size() < limit; ++one)
    if (one->second.channel == channel && !one->second.ephemeral)
      out.push_back(&one->second);
  return out;
}

} // namespace tutti::services::sim::discord
