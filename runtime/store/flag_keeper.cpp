#include "runtime/store/flag_keeper.hpp"

#include "runtime/telemetry/trace.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/result.hpp>
#include <caf/sec.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::store {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t keeper_mailbox = 20'000;
constexpr std::size_t max_loads = 1'000; // names under way
constexpr milliseconds load_patience{1'000};
constexpr milliseconds write_patience{5'000};
constexpr milliseconds shortest_pause{1'000}, longest_pause{30'000};

struct keeper_state {
  static constexpr const char* name = "flag-keeper";
  keeper_state() = default;
  struct load {
    std::vector<caf::typed_response_promise<flag_found>> waiting;
    bool again = false; ///< changed while it was under way
  };
  caf::actor store;
  std::shared_ptr<flag_cache> cache;
  std::unordered_map<std::string, load> loads;
  flag_cache::clock::time_point away_until;
  milliseconds pause = shortest_pause;
};
using keeper_ptr = actor::stateful<keeper_state>*;

void store_answered(keeper_ptr self) {
  self->state.pause = shortest_pause;
  self->state.away_until = {};
  self->state.cache->set_away();
}

/// Loads under way fail together: only the first of them makes the pause longer.
void store_is_away(keeper_ptr self) {
  auto& st = self->state;
  auto now = self->clock().now();
  if (now < st.away_until)
    return;
  auto half = static_cast<std::uint64_t>(st.pause.count()) / 2;
  st.away_until = now + milliseconds{half + telemetry::random_bits() % (half + 1)};
  st.pause = std::min(st.pause * 2, longest_pause);
  st.cache->set_away(st.away_until);
}

void load_flag(keeper_ptr self, const std::string& name) {
  self->request(self->state.store, load_patience, read_flag{name})
      .then(
          [=](flag_found& found) {
            auto& st = self->state;
            store_answered(self);
            if (std::exchange(st.loads[name].again, false))
              return load_flag(self, name);
            auto done = std::move(st.loads.extract(name).mapped());
            st.cache->loaded(name, found, self->clock().now());
            for (auto& promise : done.waiting) {
              st.cache->count_miss();
              promise.deliver(found);
            }
          },
          [=](const caf::error& reason) {
            auto& st = self->state;
            store_is_away(self);
            auto done = std::move(st.loads.extract(name).mapped());
            for (auto& promise : done.waiting)
              if (auto known = st.cache->find_stale(name)) {
                promise.deliver(std::move(*known));
              } else {
                st.cache->count_miss();
                promise.deliver(reason);
              }
          });
}

caf::result<flag_found> read(keeper_ptr self, const read_flag& query) {
  auto& st = self->state;
  if (auto bad = check(query))
    return bad;
  if (auto known = st.cache->find(query.name, self->clock().now()))
    return std::move(*known);
  auto under_way = st.loads.find(query.name);
  if (under_way == st.loads.end() && st.loads.size() >= max_loads)
    return make_error(ec::unavailable, "too many flags are being loaded already");
  auto promise = self->make_response_promise<flag_found>();
  st.loads[query.name].waiting.push_back(promise);
  if (under_way == st.loads.end())
    load_flag(self, query.name);
  return promise;
}

void expire(keeper_ptr self, const std::string& name, std::uint64_t version) {
  self->state.cache->expire(name, version);
  if (auto i = self->state.loads.find(name); i != self->state.loads.end())
    i->second.again = true;
}

caf::result<flag_written> write(keeper_ptr self, write_flag& order) {
  auto promise = self->make_response_promise<flag_written>();
  auto name = order.name;
  self->request(self->state.store, write_patience, std::move(order))
      .then(
          [=](flag_written& done) mutable {
            expire(self, name, 0); // of a load that is under way
            self->state.cache->written(done.flag, self->clock().now());
            promise.deliver(std::move(done));
          },
          [=](caf::error& reason) mutable {
            // Written all the same, perhaps, or by somebody else.
            if (!is(reason, ec::rejected) && !is(reason, ec::unavailable))
              expire(self, name, UINT64_MAX);
            promise.deliver(std::move(reason));
          });
  return promise;
}

caf::behavior flag_keeper(keeper_ptr self, caf::actor store, std::shared_ptr<flag_cache> cache) {
  self->state.store = std::move(store);
  self->state.cache = std::move(cache);
  return {
      [=](const read_flag& query) { return read(self, query); },
      [=](write_flag& order) { return write(self, order); },
      [=](list_flags) -> caf::result<flags_listed> {
        self->delegate(self->state.store, list_flags{});
        return caf::delegated<flags_listed>{};
      },
      [=](const flag_changed& news) { expire(self, news.name, news.version); },
  };
}

} // namespace

caf::actor spawn_flag_keeper(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                             std::shared_ptr<flag_cache> cache) {
  return actor::spawn_stateful<keeper_state>(parent, std::move(at), keeper_mailbox, flag_keeper,
                                             std::move(store), std::move(cache));
}

} // namespace tutti::runtime::store
