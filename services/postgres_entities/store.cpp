#include "services/postgres_entities/store.hpp"

#include "services/postgres/actor_results.hpp"
#include "services/postgres_entities/statements.hpp"
#include "services/postgres_entities/waiting_line.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/expected.hpp>
#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::services::postgres_entities {

/// To itself, behind the requests that are in the mailbox: all of them make one batch.
struct go_on {};

} // namespace tutti::services::postgres_entities

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::services::postgres_entities::go_on)

namespace tutti::services::postgres_entities {
namespace {

using namespace runtime::store;
namespace store = runtime::store; // CAF's actors have a save_state too
using postgres::unit;
using runtime::ec;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

constexpr std::size_t waiting_bytes = 64 * 1024 * 1024; // of saves, in all
constexpr std::size_t waiting_names = 64 * 1024;        // of loads, in all
constexpr line_limits save_batch{256, 4 * 1024 * 1024};
constexpr line_limits load_batch{256, max_store_batch};
constexpr std::size_t save_overhead = 256; // bytes of a save besides its state
constexpr int saves_at_once = 1;
constexpr int loads_at_once = 2;

template <class Order, class Answer>
struct queued {
  Order order;
  caf::typed_response_promise<Answer> promise;
  std::size_t weight = 0;
  steady::time_point arrived = steady::now();
};
using queued_save = queued<save_state, state_saved>;
using queued_load = queued<load_states, states_loaded>;

template <class Batch>
std::shared_ptr<Batch> share(Batch batch) {
  return std::make_shared<Batch>(std::move(batch));
}

template <class Requests>
void refuse_all(Requests&& requests, const caf::error& why) {
  for (auto& r : requests)
    r.promise.deliver(why);
}

caf::error error_of(const postgres::failure& why) {
  return runtime::make_error(why.fate == postgres::fate::unknown ? ec::timeout : ec::unavailable, why.text);
}

/// `read`: of the only result.
template <class Answer, class Read>
caf::expected<Answer> read_guarded(const postgres::answer& got, Read read) {
  if (!got.ok())
    return error_of(*got.error);
  try {
    return read(got.results.at(0));
  } catch (const std::exception& wrong) { // of another shape: another version's function, and it has run
    return runtime::make_error(ec::timeout, wrong.what());
  }
}

class postgres_entity_store final : public runtime::actor::metered {
public:
  postgres_entity_store(caf::actor_config& cfg, runtime::actor::placement where, postgres::pool& pool,
                        entity_store_options options)
      : metered(cfg, std::move(where), "entity-store"), pool_(pool), options_(options),
        saves_({options.queue, waiting_bytes}), loads_({options.queue, waiting_names}) {}

protected:
  caf::behavior make_behavior() override {
    return {
        [this](store::save_state& order) {
          auto weight = save_overhead + order.bytes.size();
          return wait<state_saved>(saves_, order, weight);
        },
        [this](load_states& query) {
          auto weight = query.names.size();
          return wait<states_loaded>(loads_, query, weight);
        },
        [this](const raise_fences& order) {
          return ask<fences_raised>(
              order, [&] { return raise_unit(order); }, read_raised);
        },
        [this](const list_wakeful& query) {
          return ask<wake_page>(
              query, [&] { return list_unit(query); },
              [limit = query.limit](const postgres::result& got) { return read_page(got, limit); });
        },
        [this](go_on) {
          woken_ = false;
          send_saves();
          send_loads();
        },
        [this](postgres::unit_answered& got) { under_way_.extract(got.call).mapped()(got.result); },
    };
  }

  void on_exit() override {
    auto unsent = runtime::make_error(ec::unavailable, "the entity store ended");
    refuse_all(saves_.take_older_than(steady::now()), unsent);
    refuse_all(loads_.take_older_than(steady::now()), unsent);
    postgres::answer ended;
    ended.error = {ec::timeout, postgres::fate::unknown, {}, "the entity store ended"};
    for (auto& [call, done] : std::exchange(under_way_, {}))
      done(ended);
  }

private:
  /// `done` is given an error, or results that it may fail to read.
  void call(unit work, milliseconds limit, std::function<void(const postgres::answer&)> done) {
    under_way_[++calls_] = std::move(done);
    work.deadline = limit;
    postgres::run_for(pool_, this, calls_, std::move(work));
  }

  /// One round trip for one message. `make` its unit; `read`: the answer, of the only result.
  template <class Answer, class Order, class Make, class Read>
  caf::result<Answer> ask(const Order& order, Make make, Read read) {
    if (auto bad = check(order))
      return bad;
    auto promise = make_response_promise<Answer>();
    call(make(), options_.deadline, [promise, read](const postgres::answer& got) mutable {
      auto answer = read_guarded<Answer>(got, read);
      if (answer)
        promise.deliver(std::move(*answer));
      else
        promise.deliver(answer.error());
    });
    return promise;
  }

  template <class Answer, class Order>
  caf::result<Answer> wait(waiting_line<queued<Order, Answer>>& line, Order& order, std::size_t weight) {
    if (auto bad = check(order))
      return bad;
    auto promise = make_response_promise<Answer>();
    if (!line.push({std::move(order), promise, weight}))
      promise.deliver(runtime::make_error(ec::unavailable, "too much waits for the database already"));
    else if (!std::exchange(woken_, true))
      send(this, go_on{});
    return promise;
  }

  /// What is left for the oldest of them; those with less than a quarter of it have been refused.
  template <class Order, class Answer>
  milliseconds left(const std::vector<queued<Order, Answer>>& batch) const {
    auto waited = std::chrono::ceil<milliseconds>(steady::now() - batch.front().arrived);
    return std::max(options_.deadline - waited, milliseconds{1});
  }
  template <class Line>
  void refuse_late(Line& line) {
    refuse_all(line.take_older_than(steady::now() - options_.deadline * 3 / 4),
               runtime::make_error(ec::unavailable, "the database did not get to it in time"));
  }

  void send_saves() {
    while (saving_ < saves_at_once) {
      refuse_late(saves_);
      std::set<std::pair<std::string, std::string>> names; // each once, as the function wants it
      auto batch = share(saves_.take(
          save_batch, [&](auto& r) { return names.emplace(r.order.name.type, r.order.name.key).second; }));
      if (batch->empty())
        return;
      std::vector<store::save_state*> orders;
      for (auto& r : *batch)
        orders.push_back(&r.order);
      ++saving_;
      call(save_unit(orders), left(*batch), [this, batch](const postgres::answer& got) {
        --saving_;
        saved(*batch, got);
        send_saves();
      });
    }
  }

  static void saved(std::vector<queued_save>& batch, const postgres::answer& got) {
    auto outcomes = read_guarded<std::vector<save_outcome>>(
        got, [&](const postgres::result& rows) { return read_outcomes(rows, batch.size()); });
    if (!outcomes) {
      refuse_all(batch, outcomes.error());
      return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (auto& one = (*outcomes)[i]; one.version)
        batch[i].promise.deliver(state_saved{*one.version});
      else
        batch[i].promise.deliver(
            runtime::make_error(ec::conflict, one.fenced ? fence_conflict : version_conflict));
  }

  void send_loads() {
    while (loading_ < loads_at_once) {
      refuse_late(loads_);
      auto batch = share(loads_.take(load_batch, [](auto&) { return true; }));
      if (batch->empty())
        return;
      std::vector<const entity_name*> names;
      for (auto& r : *batch)
        for (auto& name : r.order.names)
          names.push_back(&name);
      ++loading_;
      call(load_unit(names), left(*batch), [this, batch](const postgres::answer& got) {
        --loading_;
        loaded(*batch, got);
        send_loads();
      });
    }
  }

  static void loaded(std::vector<queued_load>& batch, const postgres::answer& got) {
    auto answers = read_guarded<std::vector<states_loaded>>(got, [&](const postgres::result& rows) {
      std::vector<states_loaded> out(batch.size());
      std::size_t row = 0;
      for (std::size_t i = 0; i < batch.size(); ++i)
        for (auto& name : batch[i].order.names)
          out[i].states.push_back(read_state(std::move(name), rows[row++]));
      return out;
    });
    if (!answers) {
      refuse_all(batch, answers.error());
      return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i)
      batch[i].promise.deliver(std::move((*answers)[i]));
  }

  postgres::pool& pool_;
  const entity_store_options options_;
  waiting_line<queued_save> saves_;
  waiting_line<queued_load> loads_;
  int saving_ = 0, loading_ = 0; ///< batches under way
  bool woken_ = false;           ///< go_on is in the mailbox
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::function<void(const postgres::answer&)>> under_way_;
};

} // namespace

caf::actor spawn_postgres_entity_store(caf::event_based_actor& parent, runtime::actor::placement at,
                                       postgres::pool& pool, entity_store_options options) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<postgres_entity_store>(std::move(at), std::ref(pool), options));
}

} // namespace tutti::services::postgres_entities
