#include "protocols/discord/rest/answers.hpp"

#include "protocols/discord/fields.hpp"

#include <algorithm>

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_errors = 20;
constexpr std::size_t most_path_bytes = 200;

bool read_session_limit(json::reader& in, gateway_bot& x) {
  bool has_left = false;
  return in.object([&](std::string_view key) {
    if (key == "total")
      read(in, x.identifies_total);
    else if (key == "remaining")
      has_left = read(in, x.identifies_left);
    else if (key == "reset_after")
      read(in, x.reset_after_ms);
    else if (key == "max_concurrency") {
      if (read(in, x.max_concurrency) && x.max_concurrency == 0)
        in.fail("must be at least 1");
    } else
      in.skip();
  }) && (has_left || in.missing("remaining"))
         && (x.reset_after_ms >= 0 || in.fail_member("reset_after", "must not be negative"));
}

bool read_gateway_bot(json::reader& in, gateway_bot& x) {
  bool has_limit = false;
  return in.object([&](std::string_view key) {
    if (key == "url") {
      if (read(in, x.url) && !x.url.starts_with("wss://") && !x.url.starts_with("ws://"))
        in.fail("must be a ws or wss URL");
    } else if (key == "shards") {
      if (read(in, x.shards) && x.shards == 0)
        in.fail("must be at least 1");
    } else if (key == "session_start_limit") {
      has_limit = read_session_limit(in, x);
    } else {
      in.skip();
    }
  }) && (!x.url.empty() || in.missing("url"))
         && (x.shards > 0 || in.missing("shards")) && (has_limit || in.missing("session_start_limit"));
}

bool read_posted(json::reader& in, posted_message& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "channel_id")
      read(in, x.channel);
    else
      in.skip();
  }) && (x.id || in.missing("id"))
         && (x.channel || in.missing("channel_id"));
}

bool read_registered(json::reader& in, registered_command& x) {
  return in.object([&](std::string_view key) {
    if (key == "id") {
      read(in, x.id);
    } else if (key == "name") {
      read(in, x.name);
    } else if (key == "type") {
      std::uint8_t type = 0;
      read(in, type);
      x.type = static_cast<command_type>(type);
    } else {
      in.skip();
    }
  }) && (x.id || in.missing("id"))
         && (!x.name.empty() || in.missing("name"));
}

/// {"embeds":{"0":{"title":{"_errors":[{"code":…,"message":…}]}}}}, of any depth (json::max_depth at most).
void read_errors(json::reader& in, const std::string& path, std::vector<json::field_error>& out) {
  in.object([&](std::string_view key) {
    if (key == "_errors" && in.peek() == json::kind::array) {
      in.array([&] {
        json::field_error one{path, {}};
        in.object([&](std::string_view name) {
          if (name == "message")
            in.string(one.detail);
          else
            in.skip();
        });
        if (out.size() < most_errors)
          out.push_back(std::move(one));
      });
    } else if (in.peek() == json::kind::object && out.size() < most_errors) {
      auto below = path.empty() ? std::string{key} : path + "." + std::string{key};
      below.resize(std::min(below.size(), most_path_bytes));
      read_errors(in, below, out);
    } else {
      in.skip();
    }
  });
}

bool read_api_error(json::reader& in, api_error& x) {
  return in.object([&](std::string_view key) {
    if (key == "code")
      read(in, x.code);
    else if (key == "message")
      read(in, x.message);
    else if (key == "errors" && in.peek() == json::kind::object)
      read_errors(in, {}, x.errors);
    else
      in.skip();
  });
}

} // namespace

json::outcome<gateway_bot> decode_gateway_bot(std::string_view body) {
  return decode<gateway_bot>(body, "", read_gateway_bot);
}

json::outcome<user_info> decode_user(std::string_view body) {
  return decode<user_info>(body, "", [](json::reader& in, user_info& x) { return read(in, x); });
}

json::outcome<posted_message> decode_posted_message(std::string_view body) {
  return decode<posted_message>(body, "", read_posted);
}

json::outcome<std::vector<registered_command>> decode_registered_commands(std::string_view body) {
  return decode<std::vector<registered_command>>(
      body, "",
      [](json::reader& in, std::vector<registered_command>& x) { return read_all(in, x, read_registered); });
}

json::outcome<api_error> decode_api_error(std::string_view body) {
  return decode<api_error>(body, "", read_api_error);
}

std::string to_string(const api_error& what) {
  std::string out = std::to_string(what.code) + " " + what.message;
  for (std::size_t i = 0; i < what.errors.size(); ++i)
    out += (i == 0 ? " (" : "; ") + to_string(what.errors[i]);
  return what.errors.empty() ? out : out + ")";
}

} // namespace tutti::protocols::discord
