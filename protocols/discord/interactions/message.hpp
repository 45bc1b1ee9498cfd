#pragma once
#include "protocols/discord/interactions/components.hpp"
#include "protocols/discord/snowflake.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Messages that the bot posts. Texts are counted in characters; the bounds are Discord's, which refuses a
/// whole message for one of them (50035), so `encode` does it first and names the field.
namespace tutti::protocols::discord {

struct embed_field {
  std::string name;  ///< 1 … 256
  std::string value; ///< 1 … 1024
  bool in_line = false;
};

/// All texts of a message's embeds together: at most 6000.
struct embed {
  std::string title;                  ///< at most 256
  std::string description;            ///< at most 4096
  std::string url;                    ///< of the title; these and those below: "" is none
  std::optional<std::uint32_t> color; ///< 0xRRGGBB
  std::string author;                 ///< at most 256
  std::string author_url, author_icon_url;
  std::string thumbnail_url, image_url;
  std::string footer; ///< at most 2048
  std::string footer_icon_url;
  std::vector<embed_field> fields; ///< at most 25
};

struct message {
  std::string content;              ///< at most 2000
  std::vector<embed> embeds;        ///< at most 10
  std::vector<action_row> rows;     ///< at most 5
  bool ephemeral = false;           ///< seen by the invoker only; in answers to interactions
  bool silent = false;              ///< notifies nobody
  bool without_previews = false;    ///< of the links in its text
  std::vector<user_id> may_mention; ///< at most 100; nobody else is notified, whatever the text says
};

/// What is to change of a message; nothing else is touched.
struct message_edit {
  std::optional<std::string> content;
  std::optional<std::vector<embed>> embeds;
  std::optional<std::vector<action_row>> rows;
};

/// Body of POST /webhooks/{application}/{token}: a further answer to an interaction.
json::outcome<std::string> encode(const message& x);
/// Body of POST /channels/{channel}/messages: as above, but never ephemeral.
json::outcome<std::string> encode_post(const message& x);
/// Body of PATCH on a message of a channel, on an interaction's answer or on a further one.
json::outcome<std::string> encode(const message_edit& x);

} // namespace tutti::protocols::discord
