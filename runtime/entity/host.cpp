#include "runtime/entity/host.hpp"

#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/sleepers.hpp"
#include "runtime/error.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/trace.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::entity {

struct host_tick {};
struct load_waiting {};
/// An entity that failed may start again.
struct entity_cooled {
  activate_entity what;
};
struct list_again {
  std::string role;
  std::uint32_t partition = 0;
};

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::host_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::load_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::entity_cooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::list_again)

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick_interval{100};
constexpr milliseconds store_patience{5'000};
constexpr std::size_t loads_at_once = 8, names_a_load = 512;
constexpr std::size_t lists_at_once = 16;
constexpr std::uint32_t list_page = 500;
constexpr milliseconds list_backoff{200};
constexpr milliseconds restart_min{100}, restart_max{30'000};
/// An entity that has lived so long has no failures to answer for.
constexpr std::chrono::seconds failures_forgotten{60};
constexpr std::size_t failures_known = 10'000;
constexpr unsigned uncounted_failures = 7; ///< of one beyond those: it waits seconds

using closed_promise = caf::typed_response_promise<cluster::partition_closed>;
using partition_name = std::pair<std::string, std::uint32_t>;
using lease_ptr = std::shared_ptr<const cluster::held_lease>;
using leased_order = std::pair<activate_entity, lease_ptr>;

struct failure_record {
  unsigned count = 0;
  call_clock::time_point last;
};

struct type_restarts {
  std::uint64_t count = 0;
  std::string last_error;
};

class entity_host final : public actor::metered {
public:
  entity_host(caf::actor_config& cfg, actor::placement where, const entity_types& types,
              std::shared_ptr<directory> entities, host_options options, telemetry::metrics& metrics)
      : metered(cfg, std::move(where), "entity-host"), types_(types), entities_(std::move(entities)),
        store_(std::move(options.store)), router_(std::move(options.router)) {
    around_->node = std::move(options.node);
    around_->table = at().table;
    around_->directory = entities_;
    around_->store = store_;
    around_->wall_now = std::move(options.wall_now);
    around_->refused_saves = &metrics.add_counter(
        "tutti_fenced_writes_refused_total", "Writes of entities that a later owner's fence has refused", {});
  }

protected:
  caf::behavior make_behavior() override {
    entities_->set_host(this);
    sweep_every_ = sweep_interval();
    report();
    delayed_send(this, tick_interval, host_tick{});
    return {
        [this](activate_entity& order) { activate(std::move(order)); },
        [this](load_waiting) {
          load_told_ = false;
          load();
        },
        [this](entity_gone& news) { gone(news); },
        [this](const entity_sleeps& news) {
          sleepers_.put({news.partition, news.type, news.key}, news.wake_at);
        },
        [this](const entity_cooled& news) {
          auto& w = news.what;
          if (entities_->cooled(*w.type, w.partition, w.key, w.anyway))
            activate(w, true);
        },
        [this](host_tick) {
          delayed_send(this, tick_interval, host_tick{});
          auto now = clock().now();
          entities_->tick(now);
          wake_sleepers();
          if (now >= next_sweep_) {
            next_sweep_ = now + sweep_every_;
            entities_->sweep();
          }
        },
        [this](const cluster::partition_opened& news) {
          for (auto& e : entities_->open(news.role, news.partition, news.lease))
            send_exit(e, caf::exit_reason::kill);
          if (persists(news.role))
            list(news.role, news.partition, {});
        },
        [this](const list_again& order) { list(order.role, order.partition, {}); },
        [this](const cluster::close_partition& order) -> caf::result<cluster::partition_closed> {
          sleepers_.erase(order.role, order.partition);
          if (!entities_->close(order.role, order.partition))
            return cluster::partition_closed{};
          auto promise = make_response_promise<cluster::partition_closed>();
          closing_[{order.role, order.partition}].push_back(promise);
          return promise;
        },
        [this](const cluster::partition_lost& news) {
          for (auto& e : entities_->abandon(news.role, news.partition, news.epoch))
            send_exit(e, caf::exit_reason::kill);
          if (!entities_->lease_of(news.role, news.partition))
            sleepers_.erase(news.role, news.partition);
          closed(news.role, news.partition);
        },
        [this](const cluster::table_changed& news) {
          if (router_)
            send(router_, news);
        },
    };
  }

  void on_exit() override {
    at().table->forget(at().path);
    for (auto& [name, promises] : std::exchange(closing_, {}))
      for (auto& promise : promises)
        promise.deliver(make_error(ec::unavailable, "the entity host ended"));
    for (auto& e : entities_->stop())
      send_exit(e, caf::exit_reason::kill);
    store_ = router_ = nullptr;
  }

private:
  milliseconds sweep_interval() const {
    milliseconds out{60'000};
    for (auto& t : types_.all())
      if (t->passivate_after.count() > 0)
        out = std::min(out, t->passivate_after / 8);
    return std::max(out, tick_interval);
  }

  /// Shown as a supervisor with the types as its children; there are too many entities to list.
  void report() {
    actor::supervisor_report r;
    r.path = at().path;
    r.strategy = "one_for_one";
    r.window = std::chrono::duration_cast<milliseconds>(failures_forgotten);
    for (auto& t : types_.all()) {
      auto& f = restarts_[t.get()];
      r.restarts += f.count;
      r.children.push_back({t->name, "transient", "running", f.count, f.last_error, false});
    }
    at().table->report(std::move(r));
  }

  bool persists(const std::string& role) const {
    return std::any_of(types_.all().begin(), types_.all().end(),
                       [&](auto& t) { return t->persistent && t->role == role; });
  }

  void activate(activate_entity order, bool again = false) {
    if (again)
      at().table->type(order.type->name).restarts.fetch_add(1, std::memory_order_relaxed);
    if (!order.type->persistent)
      return start(order, entities_->lease_of(order.type->role, order.partition), {});
    to_load_.push_back(std::move(order));
    if (!std::exchange(load_told_, true))
      send(this, load_waiting{}); // behind the others that wait already, so that one load serves them all
  }

  void load() {
    while (!to_load_.empty() && loading_ < loads_at_once) {
      std::vector<leased_order> orders;
      store::load_states query;
      while (!to_load_.empty() && orders.size() < names_a_load) {
        auto order = std::move(to_load_.front());
        to_load_.pop_front();
        auto lease = entities_->lease_of(order.type->role, order.partition);
        if (!lease || (!order.anyway && entities_->dismiss(*order.type, order.partition, order.key)))
          continue;
        query.names.push_back({order.type->name, order.key});
        orders.emplace_back(std::move(order), std::move(lease));
      }
      if (orders.empty())
        return;
      ++loading_;
      request(store_, store_patience, std::move(query))
          .then(
              [this, orders](store::states_loaded& loaded) {
                --loading_;
                failed_loads_ = 0;
                for (std::size_t i = 0; i < orders.size() && i < loaded.states.size(); ++i)
                  start(orders[i].first, orders[i].second, std::move(loaded.states[i]));
                load();
              },
              [this, orders](const caf::error& reason) {
                --loading_;
                telemetry::get().warn("entity.load_failed entities={} reason={}", orders.size(),
                                      runtime::describe(reason));
                auto wait = backoff(++failed_loads_);
                for (auto& [o, lease] : orders) {
                  if (entities_->lease_of(o.type->role, o.partition) != lease)
                    continue;
                  bool again = o.anyway || o.type->remember; // no message would bring it back
                  if (entities_->refuse(
                          *o.type, o.partition, o.key,
                          make_error(ec::unavailable, "its state cannot be loaded: " + words(reason)), again))
                    delayed_send(this, wait, entity_cooled{{o.type, o.partition, o.key, true}});
                }
                load();
              });
    }
  }

  /// `lease`: the one that `stored` was read under.
  void start(const activate_entity& what, lease_ptr lease, store::entity_state stored) {
    if (!lease || entities_->lease_of(what.type->role, what.partition) != lease)
      return; // who waited was moved to the partition's queue, and there is another order if it is open again
    activation init;
    init.type = what.type;
    init.partition = what.partition;
    init.key = what.key;
    init.lease = std::move(lease);
    init.version = stored.version;
    init.state = std::move(stored.bytes);
    init.wake_at = stored.wake_at;
    init.around = around_;
    sleepers_.erase({what.partition, what.type, what.key});
    auto made = what.type->spawn(*this, std::move(init));
    entities_->attach(*what.type, what.partition, what.key,
                      std::move(made)); // else it ends without having begun
  }

  /// The entities of a partition that live without a message.
  void list(const std::string& role, std::uint32_t partition, store::entity_name after) {
    if (listing_ >= lists_at_once) {
      to_list_.emplace_back(partition_name{role, partition}, std::move(after));
      return;
    }
    auto lease = entities_->lease_of(role, partition);
    if (!lease)
      return list_next();
    ++listing_;
    request(store_, store_patience, store::list_wakeful{role, partition, std::move(after), list_page})
        .then(
            [this, role, partition, lease](store::wake_page& page) {
              --listing_;
              if (entities_->lease_of(role, partition) != lease) // it is listed again when it opens again
                return list_next();
              for (auto& e : page.entities) {
                auto type = types_.find(e.state.name.type);
                if (type == nullptr || type->role != role)
                  continue;
                if (!e.remember && e.state.wake_at && *e.state.wake_at > around_->wall_now())
                  sleepers_.put({partition, type, e.state.name.key}, *e.state.wake_at);
                else if (entities_->reserve(*type, partition, e.state.name.key))
                  start({type, partition, e.state.name.key}, lease, e.state);
              }
              if (page.more && !page.entities.empty())
                list(role, partition, page.entities.back().state.name);
              list_next();
            },
            [this, role, partition, lease](const caf::error& reason) {
              --listing_;
              telemetry::get().warn("entity.list_failed role={} partition={} reason={}", role, partition,
                                    runtime::describe(reason));
              auto wait = list_backoff + milliseconds{telemetry::random_bits() % 200};
              if (entities_->lease_of(role, partition) == lease)
                delayed_send(this, wait, list_again{role, partition});
              list_next();
            });
  }
  void list_next() {
    if (to_list_.empty())
      return;
    auto [name, after] = std::move(to_list_.front());
    to_list_.pop_front();
    list(name.first, name.second, std::move(after));
  }

  void wake_sleepers() {
    while (auto due = sleepers_.take_due(around_->wall_now()))
      if (entities_->reserve(*due->type, due->partition, due->key))
        activate({due->type, due->partition, std::move(due->key), true});
  }

  void gone(const entity_gone& news) {
    if (news.last)
      closed(news.type->role, news.partition);
    if (!news.failed)
      return;
    auto wait = backoff(count_failure(news.type->name + "/" + news.key));
    telemetry::get().warn("entity.failed type={} restart_ms={} reason={}", news.type->name, wait.count(),
                          runtime::describe(news.reason));
    restarts_[news.type] = {restarts_[news.type].count + 1, runtime::describe(news.reason)};
    report();
    delayed_send(this, wait,
                 entity_cooled{{news.type, news.partition, news.key, news.type->remember || news.wakes}});
  }

  unsigned count_failure(std::string name) {
    auto now = clock().now();
    if (failures_.size() >= failures_known && now >= next_forgetting_) {
      next_forgetting_ = now + std::chrono::seconds{1};
      std::erase_if(failures_, [&](auto& f) { return now - f.second.last > failures_forgotten; });
    }
    auto found = failures_.find(name);
    if (found == failures_.end()) {
      if (failures_.size() >= failures_known)
        return uncounted_failures;
      found = failures_.emplace(std::move(name), failure_record{}).first;
    }
    auto& f = found->second;
    f.count = now - f.last > failures_forgotten ? 1 : f.count + 1;
    f.last = now;
    return f.count;
  }
  static milliseconds backoff(unsigned failures) {
    auto most = std::min(restart_max, restart_min * (1U << std::min(failures - 1, 10U)));
    return most / 2 + milliseconds{telemetry::random_bits() % static_cast<std::uint64_t>(most.count() / 2)};
  }

  void closed(const std::string& role, std::uint32_t partition) {
    auto found = closing_.find({role, partition});
    if (found == closing_.end())
      return;
    auto promises = std::move(found->second);
    closing_.erase(found);
    for (auto& promise : promises)
      promise.deliver(cluster::partition_closed{});
  }

  const entity_types& types_;
  std::shared_ptr<directory> entities_;
  caf::actor store_, router_;
  std::shared_ptr<entity_surroundings> around_ = std::make_shared<entity_surroundings>();
  milliseconds sweep_every_{};
  call_clock::time_point next_sweep_{};
  std::deque<activate_entity> to_load_;
  bool load_told_ = false;
  std::size_t loading_ = 0, listing_ = 0; ///< requests under way
  unsigned failed_loads_ = 0;             ///< in a row
  call_clock::time_point next_forgetting_{};
  std::deque<std::pair<partition_name, store::entity_name>> to_list_;
  sleepers sleepers_;
  std::map<partition_name, std::vector<closed_promise>> closing_;
  std::unordered_map<std::string, failure_record> failures_;
  std::map<const entity_type*, type_restarts> restarts_;
};

} // namespace

caf::actor spawn_entity_host(caf::event_based_actor& parent, actor::placement at, const entity_types& types,
                             std::shared_ptr<directory> entities, host_options options,
                             telemetry::metrics& metrics) {
  return caf::actor_cast<caf::actor>(parent.spawn<entity_host>(
      std::move(at), std::cref(types), std::move(entities), std::move(options), std::ref(metrics)));
}

} // namespace tutti::runtime::entity
