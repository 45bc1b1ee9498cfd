#include "services/postgres_leases/store.hpp"

#include "services/postgres/actor_results.hpp"

#include <exception>
#include <functional>
#include <unordered_map>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::postgres_leases {
namespace {

using namespace runtime::cluster;
using postgres::statement;
using postgres::unit;
using std::chrono::microseconds;

constexpr statement acquire_statement{"lease_acquire",
                                      "SELECT * FROM lease_acquire($1::bigint, $2, $3::bigint, $4::text[], "
                                      "$5::bigint[], $6::bigint[], $7::bytea[])"};
constexpr statement renew_statement{
    "lease_renew",
    "SELECT * FROM lease_renew($1::bigint, $2, $3::bigint, $4::text[], $5::bigint[], $6::bytea[])"};
constexpr statement release_statement{"lease_release",
                                      "SELECT lease_release($1, $2::bigint, $3::text[], $4::bigint[])"};
constexpr statement read_statement{
    "lease_read",
    "SELECT asked.name, coalesce(l.node, ''), coalesce(l.incarnation, 0), coalesce(l.epoch, 0), "
    "greatest(coalesce(l.until_us, 0) - server_us(), 0), coalesce(l.value, '') "
    "FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, number) LEFT JOIN lease l USING (name) "
    "ORDER BY asked.number"};
constexpr statement list_statement{
    "lease_list",
    "SELECT name, node, incarnation, epoch, greatest(until_us - server_us(), 0), value FROM lease "
    "WHERE name >= $1 AND name > $2 AND starts_with(name, $1) ORDER BY name LIMIT $3::integer"};
constexpr statement write_table_statement{
    "partition_table_write",
    "SELECT partition_table_write($1::bigint, $2, $3::bigint, $4::bigint, $5::bytea)"};
constexpr statement read_table_statement{
    "partition_table_read",
    "SELECT version, epoch, content FROM partition_table WHERE version <> $1::bigint"};

std::int64_t as_signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// One column of many rows, for unnest().
template <class T, class Rows, class Column>
std::vector<T> column(const Rows& rows, Column of) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (auto& row : rows)
    out.push_back(T{of(row)});
  return out;
}

constexpr auto name_of = [](auto& row) { return row.name; };
constexpr auto epoch_of = [](auto& row) { return as_signed(row.epoch); };
constexpr auto value_of = [](auto& row) { return row.value; };

lease_state state_of(const postgres::row& row) {
  return {row.get<std::string>(0),
          {row.get<std::string>(1), row.get<std::uint64_t>(2)},
          row.get<std::uint64_t>(3),
          row.get<postgres::bytes>(5).data,
          microseconds{row.get<std::int64_t>(4)}};
}

lease_grant grant_of(const postgres::row& row) {
  return {static_cast<acquired>(row.get<std::uint8_t>(0)),
          row.get<std::uint64_t>(1),
          {row.get<std::string>(2), row.get<std::uint64_t>(3)},
          microseconds{row.get<std::int64_t>(4)}};
}

caf::error error_of(const postgres::failure& why) {
  if (why.fate == postgres::fate::unknown) // a lost connection too
    return runtime::make_error(runtime::ec::timeout, why.text);
  return why.to_error();
}

class postgres_lease_store final : public runtime::actor::metered {
public:
  postgres_lease_store(caf::actor_config& cfg, runtime::actor::placement where, postgres::pool& pool,
                       lease_store_options options)
      : metered(cfg, std::move(where), "lease-store"), pool_(pool), options_(options),
        ttl_us_(microseconds{options.ttl}.count()) {}

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const acquire_leases& order) { return acquire(order); },
        [this](const renew_leases& order) { return renew(order); },
        [this](const release_leases& order) { return release(order); },
        [this](const read_leases& query) { return read(query); },
        [this](const list_leases& query) { return list(query); },
        [this](const write_table& order) { return write(order); },
        [this](const read_table& query) { return table(query); },
        [this](postgres::unit_answered& got) { waiting_.extract(got.call).mapped()(got.result); },
    };
  }

  void on_exit() override {
    postgres::answer ended;
    ended.error = {runtime::ec::timeout, postgres::fate::unknown, {}, "the lease store ended"};
    for (auto& [call, done] : std::exchange(waiting_, {}))
      done(ended);
  }

private:
  /// `read`: the answer, of the only result.
  template <class Answer, class Read>
  caf::result<Answer> call(unit work, Read read) {
    auto promise = make_response_promise<Answer>();
    waiting_[++calls_] = [promise, read](const postgres::answer& got) mutable {
      if (!got.ok()) {
        promise.deliver(error_of(*got.error));
        return;
      }
      try {
        if (caf::expected<Answer> answer = read(got.results.at(0)))
          promise.deliver(std::move(*answer));
        else
          promise.deliver(answer.error());
      } catch (const std::exception& wrong) { // of another shape: another version's function
        promise.deliver(runtime::make_error(runtime::ec::malformed, wrong.what()));
      }
    };
    work.deadline = options_.call_timeout();
    postgres::run_for(pool_, this, calls_, std::move(work));
    return promise;
  }

  caf::result<leases_acquired> acquire(const acquire_leases& order) {
    if (auto bad = check(order))
      return bad;
    auto& rows = order.claims;
    return call<leases_acquired>(
        unit{}.add(acquire_statement, ttl_us_, order.holder.node, as_signed(order.holder.incarnation),
                   column<std::string>(rows, name_of),
                   column<std::int64_t>(rows, [](auto& c) { return as_signed(c.held); }),
                   column<std::int64_t>(rows, [](auto& c) { return as_signed(c.seen); }),
                   column<postgres::bytes>(rows, value_of)),
        [](const postgres::result& got) -> caf::expected<leases_acquired> {
          leases_acquired out;
          for (std::size_t i = 0; i < got.size(); ++i)
            out.grants.push_back(grant_of(got[i]));
          return out;
        });
  }

  caf::result<leases_renewed> renew(const renew_leases& order) {
    if (auto bad = check(order))
      return bad;
    auto& rows = order.leases;
    return call<leases_renewed>(
        unit{}.add(renew_statement, ttl_us_, order.holder.node, as_signed(order.holder.incarnation),
                   column<std::string>(rows, name_of), column<std::int64_t>(rows, epoch_of),
                   column<postgres::bytes>(rows, value_of)),
        [](const postgres::result& got) -> caf::expected<leases_renewed> {
          leases_renewed out;
          for (std::size_t i = 0; i < got.size(); ++i)
            out.lost.push_back(got[i].get<std::string>(0));
          return out;
        });
  }

  caf::result<leases_released> release(const release_leases& order) {
    if (auto bad = check(order))
      return bad;
    auto& rows = order.leases;
    return call<leases_released>(
        unit{}.add(release_statement, order.holder.node, as_signed(order.holder.incarnation),
                   column<std::string>(rows, name_of), column<std::int64_t>(rows, epoch_of)),
        [](const postgres::result&) -> caf::expected<leases_released> { return leases_released{}; });
  }

  caf::result<leases_read> read(const read_leases& query) {
    if (auto bad = check(query))
      return bad;
    return call<leases_read>(unit{}.add(read_statement, query.names),
                             [](const postgres::result& got) -> caf::expected<leases_read> {
                               leases_read out;
                               for (std::size_t i = 0; i < got.size(); ++i)
                                 out.leases.push_back(state_of(got[i]));
                               return out;
                             });
  }

  caf::result<lease_page> list(const list_leases& query) {
    if (auto bad = check(query))
      return bad;
    return call<lease_page>(unit{}.add(list_statement, query.prefix, query.after, query.limit + 1),
                            [limit = query.limit](const postgres::result& got) -> caf::expected<lease_page> {
                              lease_page out;
                              out.more = got.size() > limit;
                              for (std::size_t i = 0; i < std::min<std::size_t>(got.size(), limit); ++i)
                                out.leases.push_back(state_of(got[i]));
                              return out;
                            });
  }

  caf::result<table_written> write(const write_table& order) {
    if (auto bad = check(order))
      return bad;
    return call<table_written>(unit{}.add(write_table_statement, ttl_us_, coordinator_lease,
                                          as_signed(order.epoch), as_signed(order.read_version),
                                          postgres::bytes{encode_entries(order.entries)}),
                               [](const postgres::result& got) -> caf::expected<table_written> {
                                 auto version = got[0].get<std::uint64_t>(0);
                                 if (version == 0)
                                   return runtime::make_error(runtime::ec::conflict, table_conflict);
                                 return table_written{version};
                               });
  }

  caf::result<table_read> table(const read_table& query) {
    return call<table_read>(
        unit{}.add(read_table_statement, as_signed(query.known_version)),
        [](const postgres::result& got) -> caf::expected<table_read> {
          if (got.empty())
            return table_read{};
          auto entries = decode_entries(got[0].get<postgres::bytes>(2).data);
          if (!entries)
            return runtime::make_error(runtime::ec::malformed, "the partition table is of another version");
          return table_read{partition_table{got[0].get<std::uint64_t>(0), got[0].get<std::uint64_t>(1),
                                            std::move(*entries)}};
        });
  }

  postgres::pool& pool_;
  const lease_store_options options_;
  const std::int64_t ttl_us_;
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::function<void(const postgres::answer&)>> waiting_;
};

} // namespace

postgres::pool_options pool_options(std::string url, lease_store_options options) {
  postgres::pool_options out;
  out.url = std::move(url);
  out.connections = 1;
  out.queue = 100;
  auto limit = options.call_timeout();
  out.queue_wait = out.unit_deadline = out.lock_timeout = out.statement_timeout = limit;
  out.connect_timeout = std::max(limit, std::chrono::milliseconds{1'000});
  out.backoff_base = limit / 20;
  out.backoff_max = limit;
  out.ping_interval = options.ttl;
  return out;
}

caf::actor spawn_postgres_lease_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                      postgres::pool& pool, lease_store_options options) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<postgres_lease_store>(std::move(at), std::ref(pool), options));
}

} // namespace tutti::services::postgres_leases
