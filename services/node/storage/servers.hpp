#pragma once
#include "actors/http_gateway/admission/health.hpp"
#include "runtime/config/settings.hpp"
#include "services/postgres/pool.hpp"
#include "services/redis/client.hpp"

#include <chrono>
#include <string>

/// How a node connects to the servers of its config, and what it asks of them before it starts.
namespace tutti::services::node {

/// `name` is what the server shows for the connection. Throw std::runtime_error on a URL that cannot be used.
redis::client_options redis_options(const runtime::config::settings& s, std::string name);
postgres::pool_options postgres_options(const runtime::config::settings& s);

/// Waits until it is connected, or until then: false; a server that is away is waited for later, and /health
/// says so. Throws std::runtime_error when it is one that a node cannot work with: refused, too old, not
/// migrated. Blocks: before there are actors.
bool wait_for(redis::client& client, std::chrono::steady_clock::time_point until);
bool wait_for(postgres::pool& pool, std::chrono::steady_clock::time_point until);

/// For /health. Critical: without it the node is unhealthy, else degraded.
actors::http_gateway::health_probe probe(const redis::client& client, bool critical = true);
actors::http_gateway::health_probe probe(const postgres::pool& pool, bool critical = true);

} // namespace tutti::services::node
