#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// Text from users, made fit to be shown.
namespace tutti::protocols::discord {

/// The length as Discord counts it: Unicode code points (discord-api-docs, issue 1315). Each broken sequence
/// is one, as it is sent as U+FFFD.
std::size_t characters(std::string_view text) noexcept;

/// True when Discord would see nothing: white space only.
bool blank(std::string_view text) noexcept;

/// At most `most` characters; if something is cut off, the last one is "…". Valid UTF-8 stays valid.
std::string truncate(std::string_view text, std::size_t most);

/// One line of plain text: control characters and line breaks become blanks, and marks that turn the reading
/// direction of what follows vanish; broken UTF-8 becomes U+FFFD; no blanks at the ends; at most `most`
/// characters.
std::string plain_line(std::string_view text, std::size_t most);

/// So that Discord shows it letter by letter: no emphasis, code, spoilers, quotes, headers, lists, links or
/// mentions. Mentions are also to be switched off in the message (allowed_mentions), which is the default
/// here.
std::string escape_markdown(std::string_view text);

/// [text](url) with the text escaped; only the text when `url` is not http or https.
std::string masked_link(std::string_view text, std::string_view url);

/// http or https, with a host, in ASCII without blanks and control characters.
bool is_web_url(std::string_view url) noexcept;

} // namespace tutti::protocols::discord
