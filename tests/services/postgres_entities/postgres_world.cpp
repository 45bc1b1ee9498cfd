#include "tests/services/postgres_entities/postgres_world.hpp"

#include "services/postgres/migrations/migrations.hpp"

#include <future>
#include <stdexcept>

namespace tutti::tests::entities {

namespace pg = services::postgres;

postgres_world::postgres_world(services::postgres_entities::entity_store_options options, bool migrated)
    : options_(options) {
  // Only processes die here, not their host, and many servers share a disk.
  for (auto* sql : {"ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"})
    if (auto done = run(sql); !done.ok())
      throw std::runtime_error(done.error->text);
  if (!migrated)
    return;
  auto admin = open();
  std::promise<pg::migrate_result> answered;
  pg::migrate(*admin, pg::migrations(), {}, [&](pg::migrate_result r) { answered.set_value(std::move(r)); });
  if (auto result = answered.get_future().get(); result.error)
    throw std::runtime_error(result.error->text);
}

postgres_world::~postgres_world() {
  end_stores();
}

std::unique_ptr<pg::pool> postgres_world::open() {
  pg::pool_options how;
  how.url = postgres_.url();
  return std::make_unique<pg::pool>(io_.context(), how);
}

caf::actor postgres_world::start_store() {
  pools_.push_back(open());
  return start([this](auto& parent, auto at) {
    return services::postgres_entities::spawn_postgres_entity_store(parent, std::move(at), *pools_.back(),
                                                                    options_);
  });
}

pg::answer postgres_world::run(std::string_view sql) {
  auto own = open();
  std::promise<pg::answer> got;
  own->run(pg::unit{}.add({"", sql}), [&](pg::answer a) { got.set_value(std::move(a)); });
  return got.get_future().get();
}

std::int64_t postgres_world::number(std::string_view sql) {
  auto got = run(sql);
  if (!got.ok())
    throw std::runtime_error(got.error->text);
  return got.results.at(0)[0].get<std::int64_t>(0);
}

} // namespace tutti::tests::entities
