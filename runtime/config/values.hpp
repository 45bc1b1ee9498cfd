#pragma once
#include "runtime/config/settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Single values: what TOML or the environment gives, and the rules for the kinds of text among them.
/// Internal to this folder.
namespace tutti::runtime::config {

/// A value before it is known what it should be.
struct raw {
  struct odd { ///< of a type that no setting has
    std::string_view name;
  };
  std::variant<std::string, std::int64_t, double, bool, std::vector<raw>, odd> data;
  bool from_text = false; ///< from the environment, where numbers and lists are text too
};

/// How the value would be written, for messages; long ones are cut.
std::string shown(const raw& value);

// Rules for text: what is wrong with it, or "". They never repeat the text, which may be a secret.
std::string check_redis_url(const std::string& text);
std::string check_postgres_url(const std::string& text);
std::string check_http_url(const std::string& text);
std::string check_gateway_url(const std::string& text); ///< ws or wss
std::string check_any_url(const std::string& text);     ///< any scheme (an app's redirect)
std::string check_encryption_key(const std::string& text);
std::string check_lavalink_nodes(const std::string& text);
std::string check_name(const std::string& text);   ///< of a node, cluster or queue
std::string check_prefix(const std::string& text); ///< printable, without white space
std::string check_header(const std::string& text); ///< what can be sent in an HTTP header
std::string check_host(const std::string& text);
std::string check_key_id(const std::string& text); ///< letters and digits

/// `***` in place of a URL's user information.
std::string without_password(std::string_view url);
/// Passwords within a URL (as written, and percent-decoded), appended to `out`.
void url_secrets(std::string_view url, std::vector<std::string>& out);
/// Passwords within lavalink.nodes, appended to `out`.
void lavalink_secrets(std::string_view json, std::vector<std::string>& out);

/// The word that `text` is most likely meant to be; empty when none is near.
std::string_view nearest(std::string_view text, std::span<const std::string_view> words);

} // namespace tutti::runtime::config
