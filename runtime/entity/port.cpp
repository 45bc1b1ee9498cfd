#include "runtime/entity/delivery.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/error.hpp"

#include <utility>

#include <caf/actor_system.hpp>
#include <caf/monitorable_actor.hpp>

namespace tutti::runtime::entity {
namespace {

/// A handle that nothing lives behind: what is sent to it is delivered in the sender's thread.
class port final : public caf::monitorable_actor {
public:
  port(caf::actor_config& cfg, std::shared_ptr<directory> entities, const entity_type& type)
      : monitorable_actor(cfg), entities_(std::move(entities)), type_(type) {}

  using monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (call_of(*element) == nullptr)
      return answer_error(*element,
                          make_error(ec::rejected, "an entity takes messages by its entity_ref only"), host);
    entities_->deliver(type_, std::move(element), host);
  }
  const char* name() const override { return "entity-port"; }

private:
  std::shared_ptr<directory> entities_;
  const entity_type& type_;
};

} // namespace

caf::actor make_port(caf::actor_system& sys, std::shared_ptr<directory> entities, const entity_type& type) {
  caf::actor_config cfg;
  return caf::make_actor<port, caf::actor>(sys.next_actor_id(), sys.node(), &sys, cfg, std::move(entities),
                                           type);
}

} // namespace tutti::runtime::entity
