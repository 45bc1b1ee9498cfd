#include "protocols/discord/interactions/resolved.hpp"

#include "protocols/discord/fields.hpp"

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_things = 100; // of a kind; a command has 25 options

bool read_text(json::reader& in, std::string& out) {
  out.clear();
  return in.null() || read(in, out);
}

bool read_attachment(json::reader& in, attachment& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "filename")
      read(in, x.filename);
    else if (key == "url")
      read(in, x.url);
    else if (key == "content_type")
      read_text(in, x.content_type);
    else if (key == "size")
      read(in, x.size);
    else if (key == "duration_secs")
      read(in, x.duration_s);
    else
      in.skip();
  }) && (x.id || in.missing("id"))
         && (!x.url.empty() || in.missing("url"));
}

bool read_resolved_role(json::reader& in, resolved_role& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "name")
      read(in, x.name);
    else
      in.skip();
  }) && (x.id || in.missing("id"));
}

bool read_resolved_channel(json::reader& in, resolved_channel& x) {
  return in.object([&](std::string_view key) {
    if (key == "id") {
      read(in, x.id);
    } else if (key == "type") {
      std::uint8_t type = 0;
      read(in, type);
      x.type = static_cast<channel_type>(type);
    } else if (key == "name") {
      read_text(in, x.name);
    } else {
      in.skip();
    }
  }) && (x.id || in.missing("id"));
}

bool read_resolved_message(json::reader& in, resolved_message& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "author")
      read(in, x.author);
    else if (key == "content")
      read(in, x.content);
    else if (key == "attachments")
      read_all(in, x.attachments, read_attachment, most_things);
    else
      in.skip();
  }) && (x.id || in.missing("id"));
}

/// An object of things by id; each has its id inside too.
template <class T, class F>
void read_map(json::reader& in, std::vector<T>& out, F&& read_one) {
  out.clear();
  in.object([&](std::string_view) {
    if (out.size() < most_things)
      read_one(in, out.emplace_back());
    else
      in.skip();
  });
}

} // namespace

bool read(json::reader& in, user_info& x) {
  return in.object([&](std::string_view key) {
    if (key == "id")
      read(in, x.id);
    else if (key == "username")
      read(in, x.username);
    else if (key == "global_name")
      read_text(in, x.global_name);
    else if (key == "bot")
      read(in, x.bot);
    else
      in.skip();
  }) && (x.id || in.missing("id"));
}

bool read(json::reader& in, resolved_things& x) {
  return in.object([&](std::string_view key) {
    if (key == "users")
      read_map(in, x.users, [](json::reader& from, user_info& one) { return read(from, one); });
    else if (key == "roles")
      read_map(in, x.roles, read_resolved_role);
    else if (key == "channels")
      read_map(in, x.channels, read_resolved_channel);
    else if (key == "messages")
      read_map(in, x.messages, read_resolved_message);
    else if (key == "attachments")
      read_map(in, x.attachments, read_attachment);
    else
      in.skip();
  });
}

} // namespace tutti::protocols::discord
