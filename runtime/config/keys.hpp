#pragma once
#include "runtime/config/values.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The table of all keys: one row each says where it goes, what is allowed, whether it is a secret and what
/// its environment variable is called. Internal to this folder.
namespace tutti::runtime::config {

enum class secrecy : std::uint8_t {
  open,
  url,      ///< only the user information in it is secret
  secret,   ///< all of it
  lavalink, ///< all of it; the secrets proper are inside
};

template <class Section>
struct key {
  std::string_view path; ///< "http.threads"; relative to the section for [[node]] and [queues.NAME]
  std::string_view env;  ///< a name of its own; empty: TUTTI_ and the path
  secrecy hide = secrecy::open;
  /// Sets the field; returns what is wrong with the value, or "". A wrong value leaves the field alone.
  std::function<std::string(Section&, const raw&)> assign;
  /// The field as text, an array as several.
  std::function<std::vector<std::string>(const Section&)> texts;
};

const std::vector<key<settings>>& setting_keys();
const std::vector<key<node_settings>>& node_keys();   ///< of [[node]]
const std::vector<key<queue_settings>>& queue_keys(); ///< of [queues.NAME]

/// "TUTTI_HTTP_IDLE_TIMEOUT" of "http.idle_timeout"
std::string tutti_variable(std::string_view path);

/// The field as text for people to see.
template <class Section>
std::string shown(const key<Section>& row, const Section& in) {
  std::string out;
  for (auto& text : row.texts(in)) {
    if (!out.empty())
      out += ", ";
    if (row.hide == secrecy::open)
      out += text;
    else if (row.hide == secrecy::url)
      out += without_password(text);
    else if (!text.empty())
      out += "***";
  }
  return out;
}

} // namespace tutti::runtime::config
