#pragma once
#include "runtime/entity/call.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/entity/entity_type.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

namespace tutti::runtime::entity {

/// The name of one entity, wherever it lives. Cheap to copy; holds nothing alive.
class entity_ref {
public:
  entity_ref(caf::actor port, std::string key) : port_(std::move(port)), key_(std::move(key)) {}

  const std::string& key() const noexcept { return key_; }

  /// CAF request → the handler's reply, or an error: unavailable or CAF's request_receiver_down (it was not
  /// handled; asking again is safe), timeout or CAF's request_timeout (it may have been handled), or what the
  /// handler answers. At most once.
  template <class Message>
  auto ask(caf::event_based_actor* self, Message message, std::chrono::milliseconds timeout,
           telemetry::trace_context trace = {}) const {
    return self->request(port_, timeout, entity_call{key_, self->clock().now() + timeout, trace},
                         std::move(message));
  }
  /// At most once, without a word of what became of it. Not handled any more after `within`.
  template <class Message>
  void tell(caf::event_based_actor* self, Message message,
            std::chrono::milliseconds within = std::chrono::seconds{10},
            telemetry::trace_context trace = {}) const {
    self->send(port_, entity_call{key_, self->clock().now() + within, trace}, std::move(message));
  }

private:
  caf::actor port_;
  std::string key_;
};

/// Names for all entities of the types of a node. Thread-safe.
class entity_refs {
public:
  entity_refs(caf::actor_system& sys, const entity_types& types, const std::shared_ptr<directory>& entities) {
    for (auto& t : types.all())
      ports_.emplace(t->name, make_port(sys, entities, *t));
  }

  bool knows(std::string_view type) const { return ports_.find(type) != ports_.end(); }
  /// Throws std::out_of_range on a type that the node does not know.
  entity_ref ref(std::string_view type, std::string key) const {
    auto found = ports_.find(type);
    if (found == ports_.end())
      throw std::out_of_range{"no entity type " + std::string{type}};
    return {found->second, std::move(key)};
  }

private:
  std::map<std::string, caf::actor, std::less<>> ports_;
};

} // namespace tutti::runtime::entity
