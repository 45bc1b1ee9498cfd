#include "services/postgres_entities/statements.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::postgres_entities {
namespace {

using namespace runtime::store;
using postgres::bytes;
using postgres::statement;
using postgres::unit;

constexpr statement raise_statement{"fences_raise",
                                    "SELECT fences_raise($1::text[], $2::integer[], $3::bigint[])"};
constexpr statement load_statement{"entity_load", "SELECT * FROM entity_load($1::text[], $2::bytea[])"};
constexpr statement save_statement{
    "entity_save", "SELECT * FROM entity_save($1::text[], $2::bytea[], $3::text[], $4::integer[], "
                   "$5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::boolean[], $10::bigint[], "
                   "$11::boolean[])"};
constexpr statement list_statement{
    "entity_wakeful", "SELECT * FROM entity_wakeful($1, $2::integer, $3, $4::bytea, $5::integer)"};

constexpr std::int64_t no_time = -1; // of wake_at, in an array

std::int64_t as_signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// One column of many rows, for unnest().
template <class T, class Rows, class Column>
std::vector<T> column(Rows& rows, Column of) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (auto& row : rows)
    out.push_back(T{of(row)});
  return out;
}

} // namespace

unit raise_unit(const raise_fences& order) {
  auto& rows = order.fences;
  return unit{}.add(raise_statement, column<std::string>(rows, [](auto& f) { return f.role; }),
                    column<std::int64_t>(rows, [](auto& f) { return f.partition; }),
                    column<std::int64_t>(rows, [](auto& f) { return as_signed(f.epoch); }));
}

fences_raised read_raised(const postgres::result& got) {
  fences_raised out;
  for (std::size_t i = 0; i < got.size(); ++i)
    out.standing.push_back(got[i].get<std::uint64_t>(0));
  return out;
}

unit load_unit(const std::vector<const entity_name*>& names) {
  return unit{}.add(load_statement, column<std::string>(names, [](auto* n) { return n->type; }),
                    column<bytes>(names, [](auto* n) { return n->key; }));
}

entity_state read_state(entity_name name, const postgres::row& from) {
  return {std::move(name), from.get<std::uint64_t>(0), from.get<bytes>(1).data,
          from.get<std::optional<unix_ms>>(2)};
}

unit save_unit(std::vector<save_state*> orders) {
  return unit{}.add(save_statement,
                    column<std::string>(orders, [](auto* o) { return std::move(o->name.type); }),
                    column<bytes>(orders, [](auto* o) { return std::move(o->name.key); }),
                    column<std::string>(orders, [](auto* o) { return std::move(o->role); }),
                    column<std::int64_t>(orders, [](auto* o) { return o->partition; }),
                    column<std::int64_t>(orders, [](auto* o) { return as_signed(o->epoch); }),
                    column<std::int64_t>(orders, [](auto* o) { return as_signed(o->version); }),
                    column<std::int64_t>(orders, [](auto* o) { return as_signed(o->id); }),
                    column<bytes>(orders, [](auto* o) { return std::move(o->bytes); }),
                    column<std::int64_t>(orders, [](auto* o) { return o->remember ? 1 : 0; }),
                    column<std::int64_t>(orders, [](auto* o) { return o->wake_at.value_or(no_time); }),
                    column<std::int64_t>(orders, [](auto* o) { return o->remove ? 1 : 0; }));
}

std::vector<save_outcome> read_outcomes(const postgres::result& got, std::size_t orders) {
  std::vector<save_outcome> out(orders);
  for (std::size_t i = 0; i < got.size(); ++i) {
    auto number = got[i].get<std::size_t>(0);
    auto version = got[i].get<std::int64_t>(1);
    auto& one = out.at(number - 1);
    one.fenced = version < 0;
    if (version >= 0)
      one.version = static_cast<std::uint64_t>(version);
  }
  return out;
}

unit list_unit(const list_wakeful& query) {
  return unit{}.add(list_statement, query.role, query.partition, query.after.type, bytes{query.after.key},
                    query.limit + 1);
}

wake_page read_page(const postgres::result& got, std::uint32_t limit) {
  wake_page out;
  out.more = got.size() > limit;
  auto size = std::min<std::size_t>(got.size(), limit);
  out.entities.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    auto row = got[i];
    out.entities.push_back(
        {read_state({row.get<std::string>(3), row.get<bytes>(4).data}, row), row.get<bool>(5)});
  }
  return out;
}

} // namespace tutti::services::postgres_entities
