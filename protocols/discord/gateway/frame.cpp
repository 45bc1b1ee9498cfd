#include "protocols/discord/gateway/frame.hpp"

#include "protocols/discord/fields.hpp"

namespace tutti::protocols::discord {
namespace {

constexpr std::int64_t longest_interval_ms = 600'000;

bool read_frame(json::reader& in, frame& x) {
  bool has_op = false;
  bool good = in.object([&](std::string_view key) {
    if (key == "op") {
      has_op = in.integer(x.op);
    } else if (key == "s") {
      read(in, x.seq);
    } else if (key == "t") {
      x.event = {};
      if (in.null())
        return;
      if (in.peek() != json::kind::string)
        in.fail("must be a string");
      else if (in.raw(x.event))
        x.event = x.event.substr(1, x.event.size() - 2); // no name of theirs has an escape
    } else if (key == "d") {
      in.raw(x.d);
    } else {
      in.skip();
    }
  });
  return good && (has_op || in.missing("op"));
}

} // namespace

json::outcome<frame> parse_frame(std::string_view text) {
  if (text.size() > max_frame_bytes)
    return json::field_error{"", "is longer than a frame may be"};
  auto parsed = decode<frame>(text, "", read_frame);
  if (auto* x = std::get_if<frame>(&parsed); x && x->d.empty())
    x->d = "null";
  return parsed;
}

json::outcome<std::int64_t> decode_hello(std::string_view d) {
  return decode<std::int64_t>(d, "d", [](json::reader& in, std::int64_t& interval) {
    interval = 0;
    return in.object([&](std::string_view key) {
      if (key != "heartbeat_interval")
        in.skip();
      else if (in.integer(interval) && (interval < 1 || interval > longest_interval_ms))
        in.fail("is out of range");
    }) && (interval > 0 || in.missing("heartbeat_interval"));
  });
}

json::outcome<bool> decode_invalid_session(std::string_view d) {
  return decode<bool>(d, "d", [](json::reader& in, bool& resumable) {
    resumable = false;
    return in.boolean(resumable);
  });
}

} // namespace tutti::protocols::discord
