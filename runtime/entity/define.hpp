#pragma once
#include "runtime/entity/entity_actor.hpp"
#include "runtime/entity/json.hpp"
#include "runtime/error.hpp"
#include "runtime/wire/codec.hpp"

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <caf/expected.hpp>
#include <caf/make_message.hpp>

namespace tutti::runtime::entity {

template <class T>
message_codec codec_of() {
  return {typeid(T),
          [](const void* message, std::string& out) { wire::encode(out, *static_cast<const T*>(message)); },
          [](std::string_view bytes) {
            auto x = wire::decode<T>(bytes);
            return x ? caf::make_message(std::move(*x)) : caf::message{};
          },
          [](caf::strong_actor_ptr sender, caf::message_id id, entity_call call,
             std::string_view bytes) -> caf::mailbox_element_ptr {
            auto x = wire::decode<T>(bytes);
            if (!x)
              return nullptr;
            return caf::make_mailbox_element(std::move(sender), id, {}, std::move(call), std::move(*x));
          },
          [](const void* message) { return to_json(*static_cast<const T*>(message)); },
          [] { return json_schema_of<T>(); }};
}

/// An entity with its state. Handlers get it as their first argument; it is an actor of CAF's, so they may
/// send, request and set timers with it.
template <class State>
class entity final : public entity_actor {
public:
  struct hooks {
    std::function<void(entity&)> on_start, on_wake, on_stop;
  };

  entity(caf::actor_config& cfg, activation init, const hooks& of_type)
      : entity_actor(cfg, std::move(init)), hooks_(of_type) {}

  State state;

protected:
  std::string encoded_state() const override { return wire::encode(state); }
  std::string summary_json() const override { return to_json(state); }
  bool restore(std::string_view bytes) override {
    auto read = wire::decode<State>(bytes);
    if (read)
      state = std::move(*read);
    return read.has_value();
  }
  void started() override {
    if (hooks_.on_start)
      hooks_.on_start(*this);
  }
  void woken() override {
    if (hooks_.on_wake)
      hooks_.on_wake(*this);
  }
  void stopping() override {
    if (hooks_.on_stop)
      hooks_.on_stop(*this);
  }
  void on_exit() override {
    entity_actor::on_exit();
    state = State{}; // breaks cycles of handles; what it owns outside ends now
  }

private:
  const hooks& hooks_; ///< the type's
};

/// An answer that a handler gives later, from a response handler of its own say.
template <class Reply>
class later {
public:
  later(entity_actor& self, answer to) : self_(&self), to_(std::move(to)) {}

  /// When all changes made so far are durable.
  void give(Reply reply) { self_->reply(to_, message_of(to_, std::move(reply))); }
  /// Saves the state first.
  void save_and_give(Reply reply) { self_->save(to_, message_of(to_, std::move(reply))); }
  void fail(caf::error reason) { to_.fail(std::move(reason)); }

  static caf::message message_of(const answer& to, Reply reply) {
    return to.as_json() ? caf::make_message(json_reply{to_json(reply)}) : caf::make_message(std::move(reply));
  }

private:
  entity_actor* self_; ///< alive while its handlers run
  answer to_;
};

/// Builds an entity_type. The state and the messages name their members as runtime/wire/codec.hpp says. A
/// handler may return its reply or caf::expected of it; a throw ends the activation.
template <class State>
class define {
public:
  using self = entity<State>;

  define(std::string name, std::string role, std::string summary) {
    type_.name = std::move(name);
    type_.role = std::move(role);
    type_.summary = std::move(summary);
  }

  /// `Reply f(const self&, const Message&)`: changes nothing. The answer waits for changes that are not
  /// durable yet.
  template <class Message, class F>
  define& read(std::string name, F f) {
    using reply = reply_of<F, const self&, Message>;
    return add<Message, reply>(std::move(name), [f](self& s, const Message& m, answer to) {
      finish<reply>(f(std::as_const(s), m), to, [&](caf::message out) { s.reply(to, std::move(out)); });
    });
  }
  /// `Reply f(self&, const Message&)`: changes the state, unless it answers an error. The answer is given
  /// when the change is durable.
  template <class Message, class F>
  define& write(std::string name, F f) {
    using reply = reply_of<F, self&, Message>;
    type_.persistent = true;
    return add<Message, reply>(std::move(name), [f](self& s, const Message& m, answer to) {
      finish<reply>(f(s, m), to, [&](caf::message out) { s.save(to, std::move(out)); });
    });
  }
  /// `void f(self&, const Message&, later<Reply>)`: answers when it can. Each answer must be given in the
  /// end; while one is open the entity is not idle for its caller only, so save what must survive.
  template <class Message, class Reply, class F>
  define& answer_later(std::string name, F f) {
    return add<Message, Reply>(std::move(name), [f](self& s, const Message& m, answer to) {
      f(s, m, later<Reply>{s, std::move(to)});
    });
  }

  /// `void f(self&, Message&)`: a timer of its own, or what a port sends it: no command, never from another
  /// node. It may move the content out of one that was sent to it alone.
  template <class Message, class F>
  define& on(F f) {
    type_.locals.push_back({typeid(Message), [f](entity_actor& e, void* message) {
                              f(static_cast<self&>(e), *static_cast<Message*>(message));
                            }});
    return *this;
  }

  define& on_start(std::function<void(self&)> f) {
    hooks_.on_start = std::move(f);
    return *this;
  }
  /// When the time that entity_actor::wake_at has set is there. The state is saved afterwards.
  define& on_wake(std::function<void(self&)> f) {
    hooks_.on_wake = std::move(f);
    type_.persistent = true;
    return *this;
  }
  /// Before it stops because its node hands it over: entity_actor::stopping.
  define& on_stop(std::function<void(self&)> f) {
    hooks_.on_stop = std::move(f);
    return *this;
  }
  /// For a type whose activation must not end when the store cannot be reached for a while.
  define& save_patience(std::chrono::milliseconds time) {
    type_.save_patience = time;
    return *this;
  }
  define& passivate_after(std::chrono::milliseconds idle) {
    type_.passivate_after = idle;
    return *this;
  }
  /// For a type without write(): its state is loaded before its first message, and may be saved.
  define& persist() {
    type_.persistent = true;
    return *this;
  }
  define& remember() {
    type_.remember = true;
    return *this;
  }

  operator entity_type() const {
    auto out = type_;
    auto hooks = std::make_shared<const typename self::hooks>(hooks_);
    out.spawn = [hooks](caf::event_based_actor& host, activation init) {
      return caf::actor_cast<caf::actor>(
          host.spawn<self, caf::lazy_init>(std::move(init), std::cref(*hooks)));
    };
    return out;
  }

private:
  template <class T>
  struct unwrapped {
    using type = T;
  };
  template <class T>
  struct unwrapped<caf::expected<T>> {
    using type = T;
  };
  template <class F, class Self, class Message>
  using reply_of = typename unwrapped<std::invoke_result_t<F, Self, const Message&>>::type;

  template <class Reply, class Keep>
  static void finish(caf::expected<Reply> out, answer& to, Keep keep) {
    if (out)
      keep(later<Reply>::message_of(to, std::move(*out)));
    else
      to.fail(std::move(out.error()));
  }

  template <class Message, class Reply, class F>
  define& add(std::string name, F f) {
    message_handler h{std::move(name), codec_of<Message>(), codec_of<Reply>(), {}, {}};
    h.run = [f](entity_actor& e, const void* request, answer to) {
      f(static_cast<self&>(e), *static_cast<const Message*>(request), std::move(to));
    };
    h.run_json = [f](entity_actor& e, std::string_view json, answer to) {
      Message m{};
      if (auto wrong = json_reader::read(json, m))
        to.fail(make_error(ec::rejected, wrong->pointer + ": " + wrong->detail));
      else
        f(static_cast<self&>(e), m, std::move(to));
    };
    type_.handlers.push_back(std::move(h));
    return *this;
  }

  entity_type type_;
  typename self::hooks hooks_;
};

} // namespace tutti::runtime::entity
