#pragma once
#include "protocols/discord/channel_type.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/reader.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What an interaction tells about the things that it points to.
namespace tutti::protocols::discord {

struct user_info {
  user_id id;
  std::string username;
  std::string global_name; ///< "" without
  bool bot = false;

  bool operator==(const user_info&) const = default;
};

struct attachment {
  attachment_id id;
  std::string filename;
  std::string url;
  std::string content_type; ///< "" if unknown
  std::uint64_t size = 0;   ///< bytes
  std::optional<double> duration_s;

  bool operator==(const attachment&) const = default;
};

struct resolved_role {
  role_id id;
  std::string name;
};

struct resolved_channel {
  channel_id id;
  channel_type type = channel_type::guild_text;
  std::string name;
};

struct resolved_message {
  message_id id;
  user_info author;
  std::string content;
  std::vector<attachment> attachments;
};

struct resolved_things {
  std::vector<user_info> users;
  std::vector<resolved_role> roles;
  std::vector<resolved_channel> channels;
  std::vector<resolved_message> messages;
  std::vector<attachment> attachments;
};

bool read(json::reader& in, user_info& x);
bool read(json::reader& in, resolved_things& x);

} // namespace tutti::protocols::discord
