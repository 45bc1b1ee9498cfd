#include "services/node/storage/servers.hpp"

#include "services/postgres/migrations/migrations.hpp"

#include <cstdlib>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

namespace tutti::services::node {
namespace {

using actors::http_gateway::health_check;
using actors::http_gateway::health_probe;
using actors::http_gateway::health_status;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_again{5};

health_status without_it(bool critical) {
  return critical ? health_status::unhealthy : health_status::degraded;
}

} // namespace

redis::client_options redis_options(const runtime::config::settings& s, std::string name) {
  auto address = redis::parse_url(s.redis.url);
  if (!address)
    throw std::runtime_error("redis.url: " + runtime::words(address.error()));
  redis::client_options out;
  out.server = std::move(*address);
  out.name = std::move(name);
  out.key_prefix = s.redis.key_prefix;
  return out;
}

postgres::pool_options postgres_options(const runtime::config::settings& s) {
  postgres::pool_options out;
  out.url = s.postgres.url;
  if (auto wrong = out.validate(); !wrong.empty())
    throw std::runtime_error("postgres.url: " + wrong);
  return out;
}

bool wait_for(redis::client& client, steady_clock::time_point until) {
  auto state = client.state();
  for (; !state.connected && state.reason.empty() && steady_clock::now() < until; state = client.state())
    std::this_thread::sleep_for(look_again);
  if (state.refused)
    throw std::runtime_error("redis: " + state.reason);
  if (state.connected && std::atoi(state.server.version.c_str()) < 7)
    throw std::runtime_error("redis: version 7.0 or later is needed, this is " + state.server.version);
  return state.connected;
}

bool wait_for(postgres::pool& pool, steady_clock::time_point until) {
  while (pool.stats().state == postgres::pool_state::connecting && steady_clock::now() < until)
    std::this_thread::sleep_for(look_again);
  if (pool.stats().state != postgres::pool_state::up)
    return false;
  std::promise<postgres::migrate_result> checked;
  postgres::migrate(pool, postgres::migrations(), {.check = true},
                    [&](postgres::migrate_result got) { checked.set_value(std::move(got)); });
  auto found = checked.get_future().get(); // each of its steps has a deadline
  if (found.error)
    throw std::runtime_error("postgres: " + found.error->text);
  if (!found.migrations.empty())
    throw std::runtime_error("postgres: the database lacks " + std::to_string(found.migrations.size())
                             + " migrations of this release; apply them by: tutti migrate");
  return true;
}

health_probe probe(const redis::client& client, bool critical) {
  return [&client, critical] {
    auto state = client.state();
    if (!state.connected)
      return health_check{without_it(critical), critical, {}, state.reason};
    return health_check{health_status::healthy, critical, state.round_trip,
                        "version " + state.server.version};
  };
}

health_probe probe(const postgres::pool& pool, bool critical) {
  return [&pool, critical] {
    auto state = pool.stats();
    if (state.state != postgres::pool_state::up)
      return health_check{without_it(critical), critical, {}, state.last_error};
    return health_check{health_status::healthy, critical, state.ping, {}};
  };
}

} // namespace tutti::services::node
