#pragma once
#include "services/net/io_thread.hpp"
#include "services/postgres/pool.hpp"
#include "services/postgres_entities/store.hpp"
#include "tests/runtime/store/conformance/provider.hpp"
#include "tests/support/postgres_server.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace tutti::tests::entities {

/// A server of its own, migrated; each store has a pool of its own.
class postgres_world final : public world {
public:
  explicit postgres_world(services::postgres_entities::entity_store_options options = {},
                          bool migrated = true);
  ~postgres_world() override;

  caf::actor start_store() override;
  services::postgres::answer run(std::string_view sql);
  std::int64_t number(std::string_view sql);
  postgres_server& server() { return postgres_; }
  /// Of the store that was started first.
  services::postgres::pool& pool() { return *pools_.at(0); }

private:
  std::unique_ptr<services::postgres::pool> open();

  services::postgres_entities::entity_store_options options_;
  postgres_server postgres_;
  services::net::io_thread io_{"test-entities"};
  std::vector<std::unique_ptr<services::postgres::pool>> pools_;
};

} // namespace tutti::tests::entities
