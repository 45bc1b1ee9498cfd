#pragma once
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/entity/entity_type.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/mailbox_element.hpp>

namespace tutti::runtime::entity {

class entity_actor;

/// Takes what is for entities of another node. Thread-safe. It may refuse: then the element is left as it
/// was.
class remote_owner {
public:
  virtual ~remote_owner() = default;
  virtual bool send(const entity_type& type, caf::mailbox_element_ptr& element,
                    caf::execution_unit* host) = 0;
};

/// To the host: bring this entity to life.
struct activate_entity {
  const entity_type* type = nullptr;
  std::uint32_t partition = 0;
  std::string key;
  bool anyway = false; ///< even if nobody waits for it any more
};
/// To the host: it has left the directory.
struct entity_gone {
  const entity_type* type = nullptr;
  std::uint32_t partition = 0;
  std::string key;
  caf::error reason;
  bool wakes = false;  ///< it has a time to be woken at
  bool failed = false; ///< by itself; it is kept from starting again for a while
  bool last = false;   ///< the partition is closing, and this was its last one
};

struct directory_bounds {
  /// Of the whole node, for owners and activations to come. Bytes as a message travels between nodes.
  std::size_t waiting_messages = 100'000;
  std::size_t waiting_bytes = 64U << 20U;
};

/// Who lives here and who owns what: every message to an entity passes it, in its sender's thread. The one
/// structure that actors share: a lock for each partition, held for the length of a look-up and an enqueue.
/// Since all deliveries pass the lock, the order between two actors is kept while an entity starts, moves or
/// ends, and an entity that leaves under the lock with an empty mailbox has missed nothing.
class directory {
public:
  /// `types` must outlive it.
  directory(const entity_types& types, std::uint32_t partitions, directory_bounds bounds = {});

  std::uint32_t partitions() const noexcept { return partitions_; }
  /// Gets activate_entity and entity_gone. Before anything is opened; until then, and after stop(), nothing
  /// waits.
  void set_host(caf::actor host) {
    host_ = std::move(host);
    hosted_ = true;
  }

  /// For one message (entity_call, M). A requester gets an answer or ec::unavailable (not handled), unless
  /// its deadline passes first.
  void deliver(const entity_type& type, caf::mailbox_element_ptr element, caf::execution_unit* host);

  // By the host.
  /// Returns the entities of an earlier lease that is over, to be killed.
  std::vector<caf::actor> open(const std::string& role, std::uint32_t partition,
                               std::shared_ptr<const cluster::held_lease> lease);
  /// No deliveries any more; the entities are told to stop. False: there are none.
  bool close(const std::string& role, std::uint32_t partition);
  /// The lease is lost: its entities, to be killed. What waits for their start waits for the next owner.
  std::vector<caf::actor> abandon(const std::string& role, std::uint32_t partition, std::uint64_t epoch);
  /// The host ends: all entities, to be killed. What waits is answered.
  std::vector<caf::actor> stop();
  /// Everything is owned by `owner` (null: by nobody known) until it is opened here.
  void set_owner(const std::string& role, std::uint32_t partition, std::shared_ptr<remote_owner> owner);
  /// The lease to load and start under; null: not open here.
  std::shared_ptr<const cluster::held_lease> lease_of(const std::string& role, std::uint32_t partition) const;
  /// Starting without a message. False: it lives already, or is starting.
  bool reserve(const entity_type& type, std::uint32_t partition, const std::string& key);
  /// It is not needed any more: its partition has closed, or nobody waits for it and it is not remembered.
  bool dismiss(const entity_type& type, std::uint32_t partition, const std::string& key);
  /// It has been made, and begins with what waits. False: its partition has closed.
  bool attach(const entity_type& type, std::uint32_t partition, const std::string& key, caf::actor made);
  /// It cannot be started: who waits gets the reason. `again`: it is kept from starting until cooled() is
  /// called. False: it is not known any more.
  bool refuse(const entity_type& type, std::uint32_t partition, const std::string& key,
              const caf::error& reason, bool again);
  /// Kept from starting until this is called. True: somebody waits for it, or `again`; it is starting now.
  bool cooled(const entity_type& type, std::uint32_t partition, const std::string& key, bool again);
  /// Ten times a second, by the actors' clock: owners that refused are tried again, who has waited too long
  /// gets ec::unavailable.
  void tick(call_clock::time_point now);
  /// Asks those to passivate that have not been used for their type's time.
  void sweep();

  // By the entities.
  /// True: it has left, and no message was waiting.
  bool release(const entity_actor& self, std::uint32_t partition);
  void ended(const entity_actor& self, std::uint32_t partition, const caf::error& reason);

  std::size_t open_partitions() const;
  std::uint64_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

private:
  struct waiting_message {
    const entity_type* type;
    caf::mailbox_element_ptr element;
    std::size_t bytes;
  };
  using elements = std::deque<waiting_message>;
  enum class life : std::uint8_t { starting, active, cooling };
  struct entry {
    caf::strong_actor_ptr actor; ///< active only
    std::uint32_t used = 0;      ///< in ticks
    life state = life::starting;
  };
  struct name {
    std::uint32_t type;
    std::string key;
  };
  struct name_view {
    std::uint32_t type;
    std::string_view key;
  };
  struct name_hash {
    using is_transparent = void;
    std::size_t operator()(const name& x) const noexcept { return (*this)(name_view{x.type, x.key}); }
    std::size_t operator()(const name_view& x) const noexcept {
      return std::hash<std::string_view>{}(x.key) ^ (x.type * 0x9e3779b97f4a7c15U);
    }
  };
  struct name_equal {
    using is_transparent = void;
    static name_view view(const name& x) noexcept { return {x.type, x.key}; }
    static name_view view(const name_view& x) noexcept { return x; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return view(a).type == view(b).type && view(a).key == view(b).key;
    }
  };
  struct slot {
    mutable std::mutex lock;
    std::shared_ptr<const cluster::held_lease> lease; ///< open here
    std::shared_ptr<remote_owner> owner;
    bool closing = false;
    std::unordered_map<name, entry, name_hash, name_equal> entries;
    std::unordered_map<name, elements, name_hash, name_equal> held; ///< for an entry that is not active
    elements waiting;                                               ///< for an owner; came after what is held
  };
  struct kind {
    std::uint32_t number = 0;
    slot* slots = nullptr; ///< of its role
  };

  const kind& kind_of(const entity_type& type) const { return kinds_.find(&type)->second; }
  slot& slot_of(const entity_type& type, std::uint32_t partition) const {
    return kind_of(type).slots[partition];
  }
  slot* find_slot(const std::string& role, std::uint32_t partition) const;
  /// False: it has to wait for an owner.
  bool route(slot& s, const entity_type& type, caf::mailbox_element_ptr& element, caf::execution_unit* host);
  void route_here(slot& s, const entity_type& type, caf::mailbox_element_ptr element,
                  caf::execution_unit* host);
  void wait(elements& queue, const entity_type& type, caf::mailbox_element_ptr element);
  void waits_no_more(const waiting_message& m) noexcept;
  void flush(slot& s);
  /// Who waits for its entities waits for an owner from now on, before all others.
  void empty(slot& s, std::vector<caf::actor>& actors);
  void unhold(slot& s);
  elements take_held(slot& s, const name_view& who);
  void answer_all(elements& queue, const caf::error& reason);
  void drop_expired(elements& queue, call_clock::time_point now);
  void tell_host(caf::message news) const;

  const std::uint32_t partitions_;
  const directory_bounds bounds_;
  std::map<std::string, std::unique_ptr<slot[]>, std::less<>> roles_;
  std::unordered_map<const entity_type*, kind> kinds_;
  std::vector<const entity_type*> by_number_;
  std::atomic<std::uint64_t> waiting_{0}, waiting_bytes_{0};
  std::atomic<bool> hosted_{false};
  call_clock::time_point began_;      ///< the first tick
  std::atomic<std::uint32_t> now_{0}; ///< in ticks: tenths of a second since began_
  caf::actor host_;                   ///< read under a slot's lock, while that is open
};

/// The handle of a type: a message sent to it goes to the entity that its entity_call names.
caf::actor make_port(caf::actor_system& sys, std::shared_ptr<directory> entities, const entity_type& type);

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::activate_entity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::entity_gone)
