#pragma once
#include "runtime/actor/actor_table.hpp"
#include "runtime/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

namespace tutti::runtime::actor {

/// Where an actor stands in the tree, told by whoever starts it.
struct placement {
  actor_table* table = nullptr; ///< required
  std::string path;             ///< "/node/…/name"
  std::uint64_t restarts = 0;   ///< of this child so far
  std::string last_error;       ///< why its previous incarnation ended
};

/// An actor whose work is counted: the base of every actor of ours. The cost is two counters a message and
/// two clock readings a run. A throw in a handler ends the actor with ec::failed and the exception's words;
/// CAF's own exception handler would print them to stderr.
class metered : public caf::event_based_actor, public actor_record {
public:
  /// `mailbox_limit` 0: unbounded, for actors that outsiders cannot flood. Beyond the limit a request is
  /// answered ec::unavailable and a plain message is dropped; both are counted. Exit and down messages, and
  /// what the actor sends to itself, always pass: a timer that is lost is not set again.
  metered(caf::actor_config& cfg, placement at, std::string_view type, std::uint64_t mailbox_limit = 0)
      : metered(cfg, *at.table, at.table->type(type), mailbox_limit) {
    if (at.restarts > 0)
      this->type().restarts.fetch_add(1, std::memory_order_relaxed);
    at_ = std::make_unique<placement>(std::move(at));
  }

  void launch(caf::execution_unit* host, bool lazy, bool hide) override;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  caf::resumable::resume_result resume(caf::execution_unit* host, size_t max_throughput) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;
  const char* name() const override { return type().name.c_str(); }
  subtype_t subtype() const override;

  const placement& at() const noexcept { return *at_; }

protected:
  /// For actors that come in great numbers and derive their path from their state (override describe()).
  metered(caf::actor_config& cfg, actor_table& table, actor_type& type, std::uint64_t mailbox_limit);
  /// In the constructor: no handler of this actor takes more than some milliseconds, so that a thread that
  /// has other work may run it (lend_thread).
  void mark_brief() noexcept { brief_ = true; }
  caf::invoke_message_result consume(caf::mailbox_element& element) override;
  void describe(actor_view& view) const override;

private:
  bool refuse(caf::mailbox_element& element, caf::execution_unit* host);

  std::uint64_t mailbox_limit_;
  std::unique_ptr<placement> at_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point run_began_;
  bool listed_ = false;
  bool brief_ = false;

  void count_run();
};

/// A metered actor with a state: `behavior f(stateful<S>*, args…)` as with CAF's stateful_actor.
template <class State>
class stateful final : public metered {
public:
  template <class Fun, class... Args>
  stateful(caf::actor_config& cfg, placement where, std::uint64_t mailbox_limit, Fun fun, Args... args)
      : metered(cfg, std::move(where), State::name, mailbox_limit),
        init_([this, fun, ... args = std::move(args)]() mutable { return fun(this, std::move(args)...); }) {}

  State state;

protected:
  caf::behavior make_behavior() override {
    auto init = std::exchange(init_, nullptr);
    return init();
  }
  void on_exit() override { state = State{}; } // breaks cycles of handles

private:
  std::function<caf::behavior()> init_;
};

template <class State, class Spawner, class Fun, class... Args>
caf::actor spawn_stateful(Spawner& spawner, placement at, std::uint64_t mailbox_limit, Fun fun,
                          Args&&... args) {
  return caf::actor_cast<caf::actor>(spawner.template spawn<stateful<State>>(
      std::move(at), mailbox_limit, fun, std::forward<Args>(args)...));
}

} // namespace tutti::runtime::actor
