#include "protocols/discord/gateway/outgoing.hpp"

#include "protocols/discord/gateway/frame.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/utf8.hpp"

namespace tutti::protocols::discord {
namespace {

using http_api::json_writer;
using json::field_error;

constexpr std::size_t max_activity_name = 128;
constexpr int large_threshold = 50; // offline members are not needed: the least that is possible

std::string_view name_of(presence::status shown) noexcept {
  switch (shown) {
  case presence::status::online:
    return "online";
  case presence::status::idle:
    return "idle";
  case presence::status::dnd:
    return "dnd";
  case presence::status::invisible:
    return "invisible";
  }
  return "online";
}

bool fits(const presence& x) noexcept {
  return http_api::count_utf8(x.activity_name) <= max_activity_name;
}

void write(json_writer& out, const presence& x) {
  out.begin_object().key("since").null().key("activities").begin_array();
  if (!x.activity_name.empty())
    out.begin_object().member("name", x.activity_name).member("type", static_cast<int>(x.kind)).end_object();
  out.end_array().member("status", name_of(x.shown)).member("afk", false).end_object();
}

template <class F>
json::outcome<std::string> framed(opcode op, F&& content) {
  std::string text;
  json_writer out{text};
  out.begin_object().member("op", static_cast<int>(op)).key("d");
  content(out);
  out.end_object();
  if (text.size() > max_sent_frame_bytes)
    return field_error{"", "is longer than 4096 bytes"};
  return text;
}

field_error activity_too_long(const char* field) {
  return {field, "must have at most 128 characters"};
}

} // namespace

json::outcome<std::string> encode(const identify& x) {
  if (x.token.empty())
    return field_error{"token", "must not be empty"};
  if (x.shard.id >= x.shard.count)
    return field_error{"shard", "must be less than the number of shards"};
  if (x.shown && !fits(*x.shown))
    return activity_too_long("presence.activities[0].name");
  return framed(opcode::identify, [&](json_writer& out) {
    out.begin_object().member("token", x.token).member("intents", x.intents);
    out.key("properties")
        .begin_object()
        .member("os", "linux")
        .member("browser", "tutti")
        .member("device", "tutti")
        .end_object();
    out.key("shard").begin_array().integer(x.shard.id).integer(x.shard.count).end_array();
    out.member("large_threshold", large_threshold);
    if (x.shown) {
      out.key("presence");
      write(out, *x.shown);
    }
    out.end_object();
  });
}

json::outcome<std::string> encode(const resume& x) {
  if (x.token.empty())
    return field_error{"token", "must not be empty"};
  if (x.session_id.empty())
    return field_error{"session_id", "must not be empty"};
  if (x.seq < 0)
    return field_error{"seq", "must not be negative"};
  return framed(opcode::resume, [&](json_writer& out) {
    out.begin_object()
        .member("token", x.token)
        .member("session_id", x.session_id)
        .member("seq", x.seq)
        .end_object();
  });
}

json::outcome<std::string> encode(const voice_state_request& x) {
  if (!x.guild)
    return field_error{"guild_id", "is missing"};
  if (x.channel && !*x.channel)
    return field_error{"channel_id", "must be a snowflake"};
  return framed(opcode::voice_state_update, [&](json_writer& out) {
    out.begin_object().member("guild_id", to_string(x.guild)).key("channel_id");
    if (x.channel)
      out.string(to_string(*x.channel));
    else
      out.null();
    out.member("self_mute", x.self_mute).member("self_deaf", x.self_deaf).end_object();
  });
}

json::outcome<std::string> encode(const presence& x) {
  if (!fits(x))
    return activity_too_long("activities[0].name");
  return framed(opcode::presence_update, [&](json_writer& out) { write(out, x); });
}

std::string encode_heartbeat(std::optional<std::int64_t> seq) {
  return "{\"op\":1,\"d\":" + (seq ? std::to_string(*seq) : "null") + "}";
}

} // namespace tutti::protocols::discord
