#pragma once
#include "runtime/store/entity_store.hpp"
#include "services/postgres/statement/statement.hpp"

#include <optional>
#include <vector>

/// Messages of the port as units of SQL (migrations/0006_entities.sql, 0008_entity_removals.sql), and what the units give. The readers
/// throw bad_value, when the database's functions are of another version.
namespace tutti::services::postgres_entities {

postgres::unit raise_unit(const runtime::store::raise_fences& order);
runtime::store::fences_raised read_raised(const postgres::result& got);

/// `names` in pointers: of many messages.
postgres::unit load_unit(const std::vector<const runtime::store::entity_name*>& names);
/// The state of `name`, from its row.
runtime::store::entity_state read_state(runtime::store::entity_name name, const postgres::row& from);

/// Takes the texts out of the orders, but leaves their numbers. No two of them are of one entity.
postgres::unit save_unit(std::vector<runtime::store::save_state*> orders);
/// Of one save: the version, or why not.
struct save_outcome {
  std::optional<std::uint64_t> version;
  bool fenced = false;
};
std::vector<save_outcome> read_outcomes(const postgres::result& got, std::size_t orders);

postgres::unit list_unit(const runtime::store::list_wakeful& query);
runtime::store::wake_page read_page(const postgres::result& got, std::uint32_t limit);

} // namespace tutti::services::postgres_entities
