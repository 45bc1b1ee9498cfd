#pragma once
#include "services/redis/protocol/command_batch.hpp"
#include "services/redis/protocol/reply.hpp"
#include "services/redis/protocol/url.hpp"

#include <span>
#include <string>
#include <string_view>

#include <caf/expected.hpp>

namespace tutti::services::redis {

/// Of the server that a client is connected to.
struct server_facts {
  std::string version; ///< "7.0.15"
  std::string run_id;  ///< another one after each start of the server
};

/// Logs in, selects the database, names the connection and asks for what judge_handshake() checks.
command_batch handshake(const server_address& as, std::string_view client_name);

/// What the replies mean. Errors: unavailable (loading, a replica: may change by itself) or rejected (wrong
/// password, no such database, older than 6.2…).
caf::expected<server_facts> judge_handshake(const server_address& as, std::span<const reply> replies);

/// A value in the answer of INFO; empty when it is not there.
std::string_view info_field(std::string_view info, std::string_view name);

} // namespace tutti::services::redis
