#include "services/redis_leases/store.hpp"

#include "services/redis/actor_replies.hpp"
#include "services/redis_leases/lua_texts.hpp"

#include <charconv>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::redis_leases {
namespace {

using namespace runtime::cluster; // of the port, all over this file
using redis::reply;
using std::chrono::microseconds;

/// A server that is full keeps its leases.
redis::script always(const char* text) {
  return redis::script{std::string{"#!lua flags=allow-oom\n"} + lua_common + text};
}

struct lease_scripts {
  redis::script acquire = always(lua_acquire), renew = always(lua_renew), release = always(lua_release),
                read = always(lua_read), list = always(lua_list), write_table = always(lua_write_table),
                read_table = always(lua_read_table);
};

std::uint64_t number(const reply& from) {
  return static_cast<std::uint64_t>(from.integer());
}

lease_holder holder_of(const reply& node, const reply& incarnation) {
  lease_holder out{std::string{node.text()}, 0};
  auto digits = incarnation.text();
  std::from_chars(digits.data(), digits.data() + digits.size(), out.incarnation);
  return out;
}

std::optional<lease_grant> grant_of(const reply& from) {
  auto e = from.elements();
  if (e.size() != 5 || number(e[0]) > static_cast<std::uint64_t>(acquired::reserved))
    return std::nullopt;
  return lease_grant{static_cast<acquired>(e[0].integer()), number(e[1]), holder_of(e[2], e[3]),
                     microseconds{e[4].integer()}};
}

std::optional<lease_state> state_of(const reply& from) {
  auto e = from.elements();
  if (e.size() != 6)
    return std::nullopt;
  return lease_state{std::string{e[0].text()}, holder_of(e[1], e[2]), number(e[3]), std::string{e[5].text()},
                     microseconds{e[4].integer()}};
}

/// Nothing unless `read` takes each.
template <class T>
std::optional<std::vector<T>> all_of(const reply& from, std::size_t count,
                                     std::optional<T> (*read)(const reply&)) {
  std::vector<T> out;
  for (auto& element : from.elements())
    if (auto one = read(element))
      out.push_back(std::move(*one));
  if (from.type() != reply::kind::array || out.size() != count || from.elements().size() != count)
    return std::nullopt;
  return out;
}

caf::error not_ours() {
  return runtime::make_error(runtime::ec::malformed, "Redis answered what no lease script answers");
}

class redis_lease_store final : public runtime::actor::metered {
public:
  redis_lease_store(caf::actor_config& cfg, runtime::actor::placement where, redis::client& client,
                    lease_store_options options)
      : metered(cfg, std::move(where), "lease-store"), client_(client), options_(options),
        prefix_(client.key("")), ttl_us_(microseconds{options.ttl}.count()) {}

protected:
  caf::behavior make_behavior() override {
    return {
        [this](const acquire_leases& order) { return acquire(order); },
        [this](renew_leases& order) { return renew(std::move(order)); },
        [this](const release_leases& order) { return release(order); },
        [this](const read_leases& query) { return read(query); },
        [this](const list_leases& query) { return list(query); },
        [this](const write_table& order) { return write(order); },
        [this](const read_table& query) { return table(query); },
        [this](redis::redis_replies& answer) {
          auto waiting = waiting_.extract(answer.call);
          if (auto lost = redis::to_error(answer.result))
            waiting.mapped()(lost, reply{});
          else
            waiting.mapped()(redis::to_error(answer.result.replies[0]), answer.result.replies[0]);
        },
    };
  }

  void on_exit() override {
    for (auto& [call, done] : std::exchange(waiting_, {}))
      done(runtime::make_error(runtime::ec::timeout, "the lease store ended"), reply{});
  }

private:
  /// `words`: of `arguments` arguments, after prefix and TTL. `read`: the answer of a reply, or nothing when
  /// it makes no sense.
  template <class Answer, class Words, class Read>
  caf::result<Answer> call(const redis::script& script, std::size_t arguments, Words words, Read read) {
    redis::command_batch batch;
    batch.call(script, 0, 2 + arguments).arg(prefix_).arg(ttl_us_);
    words(batch);
    auto promise = make_response_promise<Answer>();
    waiting_[++calls_] = [promise, read = std::move(read)](const caf::error& failed,
                                                           const reply& from) mutable {
      if (failed)
        promise.deliver(failed);
      else if (caf::expected<Answer> answer = read(from))
        promise.deliver(std::move(*answer));
      else
        promise.deliver(answer.error());
    };
    redis::send_for(this, client_, std::move(batch), redis::client::clock::now() + options_.call_timeout(),
                    calls_);
    return promise;
  }

  static void put_holder(redis::command_batch& batch, const lease_holder& holder) {
    batch.arg(holder.node).arg(holder.incarnation);
  }

  caf::result<leases_acquired> acquire(const acquire_leases& order) {
    if (auto bad = check(order))
      return bad;
    return call<leases_acquired>(
        scripts_.acquire, 2 + order.claims.size() * 4,
        [&](auto& batch) {
          put_holder(batch, order.holder);
          for (auto& c : order.claims)
            batch.arg(c.name).arg(c.held).arg(c.seen).arg(c.value);
        },
        [count = order.claims.size()](const reply& from) -> caf::expected<leases_acquired> {
          auto grants = all_of<lease_grant>(from, count, grant_of);
          if (!grants)
            return not_ours();
          return leases_acquired{std::move(*grants)};
        });
  }

  caf::result<leases_renewed> renew(renew_leases&& order) {
    if (auto bad = check(order))
      return bad;
    auto words = [&order](auto& batch) {
      put_holder(batch, order.holder);
      for (auto& l : order.leases)
        batch.arg(l.name).arg(l.epoch).arg(l.value);
    };
    std::vector<std::string> names;
    for (auto& l : order.leases)
      names.push_back(l.name);
    return call<leases_renewed>(
        scripts_.renew, 2 + order.leases.size() * 3, words,
        [names = std::move(names)](const reply& from) -> caf::expected<leases_renewed> {
          leases_renewed out;
          for (auto& e : from.elements()) {
            if (number(e) >= names.size())
              return not_ours();
            out.lost.push_back(names[number(e)]);
          }
          if (from.type() != reply::kind::array)
            return not_ours();
          return out;
        });
  }

  caf::result<leases_released> release(const release_leases& order) {
    if (auto bad = check(order))
      return bad;
    return call<leases_released>(
        scripts_.release, 2 + order.leases.size() * 2,
        [&](auto& batch) {
          put_holder(batch, order.holder);
          for (auto& l : order.leases)
            batch.arg(l.name).arg(l.epoch);
        },
        [](const reply&) -> caf::expected<leases_released> { return leases_released{}; });
  }

  caf::result<leases_read> read(const read_leases& query) {
    if (auto bad = check(query))
      return bad;
    return call<leases_read>(
        scripts_.read, query.names.size(),
        [&](auto& batch) {
          for (auto& name : query.names)
            batch.arg(name);
        },
        [count = query.names.size()](const reply& from) -> caf::expected<leases_read> {
          auto states = all_of<lease_state>(from, count, state_of);
          if (!states)
            return not_ours();
          return leases_read{std::move(*states)};
        });
  }

  caf::result<lease_page> list(const list_leases& query) {
    if (auto bad = check(query))
      return bad;
    return call<lease_page>(
        scripts_.list, 3, [&](auto& batch) { batch.arg(query.prefix).arg(query.after).arg(query.limit); },
        [](const reply& from) -> caf::expected<lease_page> {
          auto e = from.elements();
          if (e.size() != 2)
            return not_ours();
          auto states = all_of<lease_state>(e[1], e[1].elements().size(), state_of);
          if (!states)
            return not_ours();
          return lease_page{std::move(*states), number(e[0]) == 1};
        });
  }

  caf::result<table_written> write(const write_table& order) {
    if (auto bad = check(order))
      return bad;
    return call<table_written>(
        scripts_.write_table, 4,
        [&](auto& batch) {
          batch.arg(coordinator_lease)
              .arg(order.epoch)
              .arg(order.read_version)
              .arg(encode_entries(order.entries));
        },
        [](const reply& from) -> caf::expected<table_written> {
          if (from.type() != reply::kind::integer)
            return not_ours();
          if (from.integer() == 0)
            return runtime::make_error(runtime::ec::conflict, table_conflict);
          return table_written{number(from)};
        });
  }

  caf::result<table_read> table(const read_table& query) {
    return call<table_read>(
        scripts_.read_table, 1, [&](auto& batch) { batch.arg(query.known_version); },
        [](const reply& from) -> caf::expected<table_read> {
          auto e = from.elements();
          if (e.size() == 1)
            return table_read{};
          auto entries = e.size() == 3 ? decode_entries(e[2].text()) : std::nullopt;
          if (!entries)
            return not_ours();
          return table_read{partition_table{number(e[0]), number(e[1]), std::move(*entries)}};
        });
  }

  redis::client& client_;
  const lease_scripts scripts_;
  const lease_store_options options_;
  const std::string prefix_;
  const std::int64_t ttl_us_;
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::function<void(const caf::error&, const reply&)>> waiting_;
};

} // namespace

caf::actor spawn_redis_lease_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                   redis::client& client, lease_store_options options) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<redis_lease_store>(std::move(at), std::ref(client), options));
}

} // namespace tutti::services::redis_leases
