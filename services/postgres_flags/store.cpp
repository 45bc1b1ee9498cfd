#include "services/postgres_flags/store.hpp"

#include "runtime/store/flag_store.hpp"
#include "services/postgres/actor_results.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <caf/expected.hpp>
#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::postgres_flags {
namespace {

using namespace runtime::store;
using postgres::statement;
using postgres::unit;
using runtime::ec;

constexpr std::uint64_t max_waiting = 20'000; // messages, and units that the database has not answered
constexpr std::int64_t other_version = -1, no_room = -2; // of flag_write

constexpr statement read_statement{
    "flag_read", "SELECT name, enabled, (rules->>'percentage')::integer, description, version, updated_at, "
                 "updated_by FROM feature_flag WHERE name = $1"};
constexpr statement list_statement{
    "flag_list", "SELECT name, enabled, (rules->>'percentage')::integer, description, version, updated_at, "
                 "updated_by FROM feature_flag ORDER BY name"};
constexpr statement write_statement{
    "flag_write", "SELECT * FROM flag_write($1, $2::boolean, $3::integer, $4, $5, $6::bigint, $7::integer)"};

template <class Wide>
std::optional<std::int64_t> widened(const std::optional<Wide>& number) {
  return number ? std::optional{static_cast<std::int64_t>(*number)} : std::nullopt;
}

feature_flag read_row(const postgres::row& from) {
  return {from.get<std::string>(0),
          from.get<bool>(1),
          from.get<std::optional<std::uint8_t>>(2),
          from.get<std::string>(3),
          from.get<std::uint64_t>(4),
          from.get<std::int64_t>(5),
          from.get<std::string>(6)};
}

caf::expected<flag_written> read_written(const write_flag& order, const postgres::result& got) {
  auto version = got[0].get<std::int64_t>(0);
  if (version == other_version)
    return runtime::make_error(ec::conflict, flag_conflict);
  if (version == no_room)
    return runtime::make_error(ec::rejected, flags_full);
  return flag_written{{order.name, order.enabled, order.percentage, order.description,
                       static_cast<std::uint64_t>(version), got[0].get<std::int64_t>(1), order.updated_by}};
}

class postgres_flag_store final : public runtime::actor::metered {
public:
  postgres_flag_store(caf::actor_config& cfg, runtime::actor::placement where, postgres::pool& pool,
                      std::chrono::milliseconds deadline)
      : metered(cfg, std::move(where), "flag-store", max_waiting), pool_(pool), deadline_(deadline) {}

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const read_flag& query) -> caf::result<flag_found> {
          if (auto bad = check(query))
            return bad;
          return ask<flag_found>(unit{}.add(read_statement, query.name), [](const postgres::result& got) {
            return got.empty() ? flag_found{} : flag_found{read_row(got[0])};
          });
        },
        [this](const write_flag& order) -> caf::result<flag_written> {
          if (auto bad = check(order))
            return bad;
          return ask<flag_written>(
              unit{}.add(write_statement, order.name, order.enabled, widened(order.percentage),
                         order.description, order.updated_by, widened(order.expected), max_flags),
              [order](const postgres::result& got) { return read_written(order, got); });
        },
        [this](list_flags) -> caf::result<flags_listed> {
          return ask<flags_listed>(unit{}.add(list_statement), [](const postgres::result& got) {
            flags_listed out;
            for (std::size_t i = 0; i < got.size(); ++i)
              out.flags.push_back(read_row(got[i]));
            return out;
          });
        },
        [this](postgres::unit_answered& got) { under_way_.extract(got.call).mapped()(got.result); },
    };
  }

  void on_exit() override {
    postgres::answer ended;
    ended.error = {ec::timeout, postgres::fate::unknown, {}, "the flag store ended"};
    for (auto& [call, done] : std::exchange(under_way_, {}))
      done(ended);
  }

private:
  /// One round trip. `read`: the answer, of the only result.
  template <class Answer, class Read>
  caf::result<Answer> ask(unit work, Read read) {
    if (under_way_.size() >= max_waiting)
      return runtime::make_error(ec::unavailable, "too much waits for the database already");
    auto promise = make_response_promise<Answer>();
    under_way_[++calls_] = [promise, read](const postgres::answer& got) mutable {
      caf::expected<Answer> out = answer_of<Answer>(got, read);
      if (out)
        promise.deliver(std::move(*out));
      else
        promise.deliver(out.error());
    };
    work.deadline = deadline_;
    postgres::run_for(pool_, this, calls_, std::move(work));
    return promise;
  }

  template <class Answer, class Read>
  static caf::expected<Answer> answer_of(const postgres::answer& got, Read read) {
    if (!got.ok())
      return runtime::make_error(got.error->fate == postgres::fate::unknown ? ec::timeout : ec::unavailable,
                                 got.error->text);
    try {
      return read(got.results.at(0));
    } catch (const std::exception& wrong) { // of another shape: another version's function, and it has run
      return runtime::make_error(ec::timeout, wrong.what());
    }
  }

  postgres::pool& pool_;
  const std::chrono::milliseconds deadline_;
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::function<void(const postgres::answer&)>> under_way_;
};

} // namespace

caf::actor spawn_postgres_flag_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                     postgres::pool& pool, std::chrono::milliseconds deadline) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<postgres_flag_store>(std::move(at), std::ref(pool), deadline));
}

} // namespace tutti::services::postgres_flags
