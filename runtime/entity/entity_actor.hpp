#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/entity/entity_type.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/response_promise.hpp>
#include <caf/result.hpp>
#include <caf/timespan.hpp>

namespace tutti::runtime::entity {

class directory;

/// What all entities of a node share.
struct entity_surroundings {
  std::string node;
  actor::actor_table* table = nullptr;
  std::shared_ptr<entity::directory> directory;
  caf::actor store; ///< see runtime/store/entity_store.hpp
  telemetry::counter* refused_saves = nullptr;
  std::function<store::unix_ms()> wall_now;
};

/// Where one activation begins.
struct activation {
  const entity_type* type = nullptr;
  std::uint32_t partition = 0;
  std::string key;
  std::shared_ptr<const cluster::held_lease> lease;
  std::uint64_t version = 0; ///< of the stored state; 0: there is none
  std::string state;         ///< as the store keeps it
  std::optional<store::unix_ms> wake_at;
  std::shared_ptr<const entity_surroundings> around;
};

/// Where the answer to one message goes. Given exactly once; for a plain message it goes nowhere.
class answer {
public:
  answer() = default;
  answer(caf::response_promise to, bool as_json) : to_(std::move(to)), as_json_(as_json) {}

  bool as_json() const noexcept { return as_json_; }
  bool wanted() const noexcept { return to_.source() != nullptr; }
  /// `reply` holds one value of the handler's reply type, or a json_reply if as_json().
  void give(caf::message reply) {
    if (wanted())
      to_.deliver(std::move(reply));
  }
  void fail(caf::error reason) {
    if (wanted())
      to_.deliver(std::move(reason));
  }

private:
  caf::response_promise to_;
  bool as_json_ = false;
};

/// To an entity that has no message to begin with.
struct begin_entity {};
/// To an entity: end when nothing is under way, and only if no message has come meanwhile.
struct passivate_entity {};
/// To an entity: end when what it is doing is done and saved.
struct stop_entity {};
/// To itself.
struct wake_entity {
  store::unix_ms due = 0;
};
/// From an entity to the host: it has gone to sleep, and is to be woken then.
struct entity_sleeps {
  const entity_type* type = nullptr;
  std::uint32_t partition = 0;
  std::string key;
  store::unix_ms wake_at = 0;
};
/// To itself.
struct retry_save {
  std::uint64_t id = 0;
};
/// To itself.
struct run_function {
  std::function<void()> f;
};

/// One live entity. It handles one message at a time and checks before each that its node may still act for
/// it.
class entity_actor : public actor::metered {
public:
  entity_actor(caf::actor_config& cfg, activation init);

  const entity_type& kind() const noexcept { return *init_.type; }
  const std::string& key() const noexcept { return init_.key; }
  const std::string& node() const noexcept { return init_.around->node; }
  std::uint64_t epoch() const noexcept { return init_.lease->epoch(); }
  /// False when another node may have taken over: ask it before anything that the outside sees.
  bool may_act() const noexcept { return init_.lease->holds(); }

  /// Saves the state as it is now; `to` gets `reply` when that is durable. When it cannot be saved all
  /// answers that wait for it are errors and this activation ends: the next one loads what is stored. Saves
  /// that are asked for while one is under way become one. Only for types that persist.
  void save(answer to, caf::message reply);
  /// Gives an answer that must not be seen before what has been changed so far is durable.
  void reply(answer to, caf::message reply);
  /// Runs when what has been changed so far is durable; not at all if this activation ends before.
  void when_durable(std::function<void()> then);
  /// Until end_work() has been called as often it does not stop or passivate, unless its lease is lost.
  void begin_work() noexcept { ++works_; }
  void end_work();
  /// A timer within this activation.
  void run_after(caf::timespan wait, std::function<void()> f);

  /// A timer that outlives this activation, one for each entity: durable with the next save, set by a write
  /// handler say. When it is due, here or wherever the entity lives then, on_wake of the type runs and the
  /// state is saved. At least once. Nothing: none.
  void wake_at(std::optional<store::unix_ms> time);
  store::unix_ms wall_now() const { return init_.around->wall_now(); }
  const caf::actor& store() const noexcept { return init_.around->store; }
  std::uint32_t partition() const noexcept { return init_.partition; }
  const std::optional<store::unix_ms>& wakes_at() const noexcept { return init_.wake_at; }
  /// Somebody has to wake it if it ends now: by its time, or by the one that is stored still.
  bool wakes() const noexcept { return init_.wake_at || stored_wake_; }

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

protected:
  caf::behavior make_behavior() override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  void describe(actor::actor_view& view) const override;
  void on_exit() override;

  virtual std::string encoded_state() const = 0;
  virtual std::string summary_json() const = 0;
  /// False: it is not a state of this type.
  virtual bool restore(std::string_view bytes) = 0;
  /// Before the first message.
  virtual void started() {}
  virtual void woken() {}
  /// Its node hands it over or ends in order: it stops when its work is done and saved.
  virtual void stopping() {}

private:
  struct held_answer {
    answer to;
    caf::message reply;
    std::uint64_t after = 0; ///< the change that must be durable
    std::function<void()> then;
  };
  struct saving {
    std::deque<held_answer> answers;
    std::uint64_t changes = 0;   ///< made so far
    std::uint64_t under_way = 0; ///< covered by the save that is under way; 0: none is
    std::uint64_t id = 0;
    std::string bytes;
    std::optional<store::unix_ms> wake_at;
    unsigned failures = 0;
    bool unknown = false; ///< a try may have taken place
    call_clock::time_point began;
  };

  caf::result<caf::message> handle(caf::message_view& in);
  std::string inspection() const; ///< JSON
  void start_save();
  void send_save();
  void saved(std::uint64_t version);
  void save_failed(const caf::error& reason);
  void give_up(caf::error reason);
  void set_alarm();
  void alarm(store::unix_ms due);
  bool crowded() const noexcept;
  bool idle() const noexcept { return !saving_ && works_ == 0; }
  void settle();

  activation init_;
  std::unique_ptr<saving> saving_; ///< null: all changes are durable
  store::unix_ms alarm_due_ = 0; ///< of the timer that counts; 0: there is none
  std::uint32_t works_ = 0;
  bool stored_wake_ = false; ///< the stored state has a time to be woken at
  bool stopping_ = false;
};

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::begin_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::passivate_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::stop_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::retry_save)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::run_function)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::wake_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::entity_sleeps)
