#pragma once
#include "services/sim/base/json.hpp"
#include "services/sim/discord/model/world.hpp"

#include <string>

namespace tutti::services::sim::discord {

/// What a user has typed into a command.
struct typed_options {
  json options;      ///< as INTERACTION_CREATE has them
  json resolved;     ///< users, channels, attachments that they name
  std::string error; ///< why Discord's client would not send it; empty: it does
};

/// `given` is `{name: value}` or `[{name, value}]`, nested for subcommands; a value of an attachment is
/// `{url, filename?, contentType?, size?}`. With `focused` it is autocompletion of that option: others may be
/// missing.
typed_options type_options(const world& all, const guild& in, const json& definitions, const json& given,
                           const std::string& focused);

} // namespace tutti::services::sim::discord
