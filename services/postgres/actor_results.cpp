#include "services/postgres/actor_results.hpp"

#include <utility>

#include <caf/send.hpp>

namespace tutti::services::postgres {

void run_for(pool& database, caf::actor asker, std::uint64_t call, unit work) {
  database.run(std::move(work), [asker = std::move(asker), call](answer got) {
    caf::anon_send(asker, unit_answered{call, std::move(got)});
  });
}

} // namespace tutti::services::postgres
