#pragma once
#include "protocols/discord/interactions/message.hpp"
#include "protocols/json/outcome.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// The first answer to an interaction, which must come within 3 s: bodies of POST
/// /interactions/{id}/{token}/callback, and answers to HTTP interactions.
namespace tutti::protocols::discord {

/// Type 1.
std::string encode_pong();
/// Type 4: a message.
json::outcome<std::string> encode_reply(const message& x);
/// Type 5: "thinking"; the message comes as an edit of the original. Only now can it be made ephemeral.
std::string encode_deferred_reply(bool ephemeral);
/// Type 6: a component was used, nothing is to be seen yet.
std::string encode_deferred_update();
/// Type 7: changes the message that holds the component.
json::outcome<std::string> encode_update(const message_edit& x);

/// A proposal while the user types.
struct choice {
  std::string name;                                      ///< 1 … 100 characters
  std::variant<std::string, std::int64_t, double> value; ///< a text has at most 100 characters

  bool operator==(const choice&) const = default;
};

/// Type 8: at most 25 choices.
json::outcome<std::string> encode_choices(std::span<const choice> choices);

struct text_input {
  std::string custom_id;   ///< 1 … 100, unique in the modal
  std::string label;       ///< 1 … 45
  std::string placeholder; ///< at most 100
  std::string value;       ///< at most 4000
  std::uint16_t min_length = 0, max_length = 4000;
  bool paragraph = false; ///< several lines
  bool required = true;
};

struct modal {
  std::string custom_id;          ///< 1 … 100
  std::string title;              ///< 1 … 45
  std::vector<text_input> inputs; ///< 1 … 5
};

/// Type 9: not in answer to a modal.
json::outcome<std::string> encode(const modal& x);

} // namespace tutti::protocols::discord
