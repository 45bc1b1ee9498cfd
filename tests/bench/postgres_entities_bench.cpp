// Entity states of 1 KiB on PostgreSQL, against a server that it starts itself, synchronous_commit on: saves
// and loads by the store, and the same by statements of one row, each its own transaction. usage:
// postgres_entities_bench [seconds a figure]
#include "tests/bench/bench.hpp"
#include "tests/services/postgres_entities/postgres_world.hpp"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <caf/all.hpp>

namespace {

using namespace tutti;
using namespace runtime::store;
namespace pg = services::postgres;

constexpr int entities = 10'000;
constexpr std::uint32_t partitions = 256;
constexpr std::uint64_t owner_epoch = 7;
constexpr std::chrono::seconds limit{30};

constexpr pg::statement bare_save{"bench_save",
                                  "UPDATE entity_state SET state = $2::bytea, version = version + 1, "
                                  "save_id = $3::bigint, updated_at = server_ms() "
                                  "WHERE type = 'player' AND key = $1::bytea"};
constexpr pg::statement bare_load{
    "bench_load", "SELECT version, state FROM entity_state WHERE type = 'player' AND key = $1::bytea"};

std::string key_of(int number) {
  return "900000000000000001:" + std::to_string(number);
}

/// Counts what ends; a failure ends the program.
struct meter {
  std::atomic<long> done{0};
  std::atomic<bool> going{true};
  std::atomic<int> callers{0};
  bool next(bool good) {
    if (!good)
      std::abort();
    ++done;
    if (going)
      return true;
    --callers;
    callers.notify_all();
    return false;
  }
};

/// `start(caller)` begins a chain of work that ends when the meter says so.
void measure(const char* figure, int in_flight, double seconds, meter& counts,
             const std::function<void(int)>& start) {
  counts.done = 0;
  counts.going = true;
  counts.callers = in_flight;
  bench::stopwatch watch;
  for (int i = 0; i < in_flight; ++i)
    start(i);
  while (watch.seconds() < seconds)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  auto rate = static_cast<double>(counts.done) / watch.seconds();
  counts.going = false;
  for (int left = counts.callers; left > 0; left = counts.callers)
    counts.callers.wait(left);
  bench::report(figure, (std::to_string(in_flight) + " in flight").c_str(), rate, "1/s");
}

struct owner_state {
  std::vector<std::uint64_t> versions = std::vector<std::uint64_t>(entities);
  std::vector<int> at; ///< by caller: its own entities, one after the other
  std::mt19937_64 ids{std::random_device{}()};
  std::string bytes = std::string(1024, 'x');
  int in_flight = 1;
  static constexpr const char* name = "owner";
};

struct begin_saves {
  int in_flight = 0;
};
struct begin_loads {
  int in_flight = 0;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(begin_saves)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(begin_loads)

namespace {

using owner_ptr = caf::stateful_actor<owner_state>*;

int next_entity(owner_ptr self, int caller) {
  auto& at = self->state.at[static_cast<std::size_t>(caller)];
  at = (at + self->state.in_flight) % (entities / self->state.in_flight * self->state.in_flight);
  return at;
}

void save_next(owner_ptr self, const caf::actor& store, meter& counts, int caller) {
  auto number = next_entity(self, caller);
  auto& version = self->state.versions[static_cast<std::size_t>(number)];
  save_state order;
  order.name = {"player", key_of(number)};
  order.role = "audio";
  order.partition = static_cast<std::uint32_t>(number) % partitions;
  order.epoch = owner_epoch;
  order.version = version;
  order.id = (self->state.ids() >> 1U) | 1U;
  order.bytes = self->state.bytes;
  self->request(store, limit, std::move(order))
      .then(
          [=, &version, &counts](const state_saved& got) {
            version = got.version;
            if (counts.next(true))
              save_next(self, store, counts, caller);
          },
          [&counts](const caf::error&) { counts.next(false); });
}

void load_next(owner_ptr self, const caf::actor& store, meter& counts, int caller) {
  load_states query{{{"player", key_of(next_entity(self, caller))}}};
  self->request(store, limit, std::move(query))
      .then(
          [=, &counts](const states_loaded& got) {
            if (counts.next(got.states.at(0).bytes.size() == 1024))
              load_next(self, store, counts, caller);
          },
          [&counts](const caf::error&) { counts.next(false); });
}

caf::behavior owner(owner_ptr self, const caf::actor& store, meter* counts) {
  auto prepare = [=](int in_flight) {
    self->state.in_flight = in_flight;
    self->state.at.resize(static_cast<std::size_t>(in_flight));
    for (int i = 0; i < in_flight; ++i)
      self->state.at[static_cast<std::size_t>(i)] = i;
  };
  return {
      [=](begin_saves order) {
        prepare(order.in_flight);
        for (int i = 0; i < order.in_flight; ++i)
          save_next(self, store, *counts, i);
      },
      [=](begin_loads order) {
        prepare(order.in_flight);
        for (int i = 0; i < order.in_flight; ++i)
          load_next(self, store, *counts, i);
      },
  };
}

/// One row, one transaction; on the pool's thread.
void bare_next(pg::pool& pool, meter& counts, bool save, int caller, int number) {
  static const std::string state(1024, 'y');
  pg::unit one;
  if (save)
    one.add(bare_save, pg::bytes{key_of(number)}, pg::bytes{state}, std::int64_t{number});
  else
    one.add(bare_load, pg::bytes{key_of(number)});
  pool.run(std::move(one), [&pool, &counts, save, caller, number](const pg::answer& got) {
    if (counts.next(got.ok() && got.results.at(0).affected() == 1))
      bare_next(pool, counts, save, caller, (number + 256) % (entities / 256 * 256));
  });
}

} // namespace

int main(int argc, char** argv) {
  double seconds = argc > 1 ? std::atof(argv[1]) : 5;
  tests::entities::postgres_world world{{.deadline = limit}};
  world.run("ALTER SYSTEM RESET fsync");
  world.run("SELECT pg_reload_conf()");
  auto store = world.start_store();
  meter counts;
  {
    caf::scoped_actor self{world.system()};
    raise_fences fences;
    for (std::uint32_t p = 0; p < partitions; ++p)
      fences.fences.push_back({"audio", p, owner_epoch});
    self->request(store, limit, fences)
        .receive([](const fences_raised&) {}, [](caf::error&) { std::abort(); });
  }
  auto by = world.system().spawn(owner, store, &counts);
  measure("entity_first_save", 250, seconds, counts, [&](int caller) {
    if (caller == 0)
      caf::anon_send(by, begin_saves{250});
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{10});
  for (int in_flight : {1, 16, 256}) {
    measure("entity_save", in_flight, seconds, counts, [&](int caller) {
      if (caller == 0)
        caf::anon_send(by, begin_saves{in_flight});
    });
    measure("entity_load", in_flight, seconds, counts, [&](int caller) {
      if (caller == 0)
        caf::anon_send(by, begin_loads{in_flight});
    });
  }
  caf::anon_send_exit(by, caf::exit_reason::user_shutdown);
  for (int in_flight : {1, 16, 256}) {
    measure("bare_update", in_flight, seconds, counts,
            [&](int caller) { bare_next(world.pool(), counts, true, caller, caller); });
    measure("bare_select", in_flight, seconds, counts,
            [&](int caller) { bare_next(world.pool(), counts, false, caller, caller); });
  }
}
