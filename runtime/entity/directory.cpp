#include "runtime/entity/directory.hpp"

#include "runtime/entity/entity_actor.hpp"
#include "runtime/error.hpp"

#include <algorithm>
#include <iterator>

#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/send.hpp>

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick_length{100};
/// An answer that says "not handled" must still arrive before the requester's own deadline.
constexpr milliseconds answer_margin{150};

void answer_error(const caf::mailbox_element& element, caf::error reason,
                  caf::execution_unit* host = nullptr) {
  if (element.mid.is_request() && element.sender)
    element.sender->enqueue(nullptr, element.mid.response_id(), caf::make_message(std::move(reason)), host);
}

const entity_call* call_of(const caf::mailbox_element& element) {
  auto& content = element.content();
  return content.size() == 2 && content.match_element<entity_call>(0) ? &content.get_as<entity_call>(0)
                                                                      : nullptr;
}

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

directory::directory(const entity_types& types, std::uint32_t partitions, directory_bounds bounds)
    : partitions_(partitions), bounds_(bounds) {
  for (auto& t : types.all()) {
    auto& slots = roles_[t->role];
    if (!slots)
      slots = std::make_unique<slot[]>(partitions);
    kinds_[t.get()] = {static_cast<std::uint32_t>(by_number_.size()), slots.get()};
    by_number_.push_back(t.get());
  }
}

directory::slot* directory::find_slot(const std::string& role, std::uint32_t partition) const {
  auto found = roles_.find(role);
  return found == roles_.end() || partition >= partitions_ ? nullptr : &found->second[partition];
}

void directory::tell_host(caf::message news) const {
  if (host_)
    caf::anon_send(host_, std::move(news));
}

void directory::deliver(const entity_type& type, caf::mailbox_element_ptr element,
                        caf::execution_unit* host) {
  auto& key = call_of(*element)->key;
  if (key.empty() || key.size() > 512)
    return answer_error(*element, make_error(ec::rejected, "a key has 1 to 512 bytes"), host);
  auto& s = slot_of(type, partition_of(type.name, key, partitions_));
  std::lock_guard guard{s.lock};
  if (!s.waiting.empty() || !route(s, type, element, host)) // behind those that came before
    wait(s.waiting, type, std::move(element));
}

bool directory::route(slot& s, const entity_type& type, caf::mailbox_element_ptr& element,
                      caf::execution_unit* host) {
  if (s.lease) {
    if (s.closing || !s.lease->holds())
      return false;
    route_here(s, type, std::move(element), host);
    return true;
  }
  return s.owner && s.owner->send(type, element, host);
}

void directory::route_here(slot& s, const entity_type& type, caf::mailbox_element_ptr element,
                           caf::execution_unit* host) {
  auto number = kind_of(type).number;
  auto& key = call_of(*element)->key;
  auto found = s.entries.find(name_view{number, key});
  auto now = now_.load(std::memory_order_relaxed);
  if (found != s.entries.end() && found->second.state == life::active) {
    found->second.used = now;
    found->second.actor->enqueue(std::move(element), host);
    return;
  }
  if (element->content().match_element<inspect_entity>(1))
    return answer_error(*element, make_error(ec::not_found, "it does not live at the moment"), host);
  if (found == s.entries.end()) {
    found = s.entries.emplace(name{number, key}, entry{}).first;
    tell_host(caf::make_message(activate_entity{&type, partition_of(type.name, key, partitions_), key}));
  }
  auto& queue = found->second.waiting;
  if (!queue)
    queue = std::make_unique<elements>();
  wait(*queue, type, std::move(element));
}

void directory::wait(elements& queue, const entity_type& type, caf::mailbox_element_ptr element) {
  if (waiting_.load(std::memory_order_relaxed) >= bounds_.waiting_messages)
    return answer_error(*element,
                        make_error(ec::unavailable, "too many messages wait for entities of this node"));
  waiting_.fetch_add(1, std::memory_order_relaxed);
  queue.emplace_back(&type, std::move(element));
}

void directory::flush(slot& s) {
  while (!s.waiting.empty()) {
    auto& [type, element] = s.waiting.front();
    if (!route(s, *type, element, nullptr))
      return;
    s.waiting.pop_front();
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }
}

std::vector<caf::actor> directory::open(const std::string& role, std::uint32_t partition,
                                        std::shared_ptr<const cluster::held_lease> lease) {
  std::vector<caf::actor> stale;
  auto s = find_slot(role, partition);
  if (s == nullptr)
    return stale;
  std::lock_guard guard{s->lock};
  for (auto i = s->entries.begin(); i != s->entries.end();) {
    if (i->second.state == life::active) {
      stale.push_back(caf::actor_cast<caf::actor>(i->second.actor));
      i = s->entries.erase(i);
    } else {
      ++i;
    }
  }
  s->lease = std::move(lease);
  s->closing = false;
  flush(*s);
  return stale;
}

std::size_t directory::open_partitions() const {
  std::size_t out = 0;
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      std::lock_guard guard{slots[p].lock};
      out += slots[p].lease != nullptr;
    }
  return out;
}

bool directory::close(const std::string& role, std::uint32_t partition) {
  auto s = find_slot(role, partition);
  if (s == nullptr)
    return false;
  std::lock_guard guard{s->lock};
  s->closing = true;
  for (auto i = s->entries.begin(); i != s->entries.end();) {
    auto& e = i->second;
    if (e.state == life::active) {
      caf::anon_send(caf::actor_cast<caf::actor>(e.actor), stop_entity{}); // behind what it has got already
      ++i;
      continue;
    }
    if (e.waiting)
      std::move(e.waiting->begin(), e.waiting->end(), std::back_inserter(s->waiting));
    i = s->entries.erase(i);
  }
  if (!s->entries.empty())
    return true;
  s->lease = nullptr;
  flush(*s);
  return false;
}

std::vector<caf::actor> directory::abandon(const std::string& role, std::uint32_t partition,
                                           std::uint64_t epoch) {
  std::vector<caf::actor> out;
  auto s = find_slot(role, partition);
  if (s == nullptr)
    return out;
  std::lock_guard guard{s->lock};
  if (!s->lease || s->lease->epoch() != epoch)
    return out;
  abandon(*s, out);
  return out;
}

std::vector<caf::actor> directory::abandon_all() {
  std::vector<caf::actor> out;
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      std::lock_guard guard{slots[p].lock};
      abandon(slots[p], out);
    }
  return out;
}

void directory::abandon(slot& s, std::vector<caf::actor>& out) {
  s.lease = nullptr;
  s.closing = false;
  for (auto& [n, e] : s.entries) {
    if (e.actor)
      out.push_back(caf::actor_cast<caf::actor>(e.actor));
    if (e.waiting)
      std::move(e.waiting->begin(), e.waiting->end(), std::back_inserter(s.waiting));
  }
  s.entries.clear();
  flush(s);
}

void directory::set_owner(const std::string& role, std::uint32_t partition,
                          std::shared_ptr<remote_owner> owner) {
  if (auto s = find_slot(role, partition)) {
    std::lock_guard guard{s->lock};
    s->owner = std::move(owner);
    flush(*s);
  }
}

std::shared_ptr<const cluster::held_lease> directory::lease_of(const entity_type& type,
                                                               std::uint32_t partition) const {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  return s.closing ? nullptr : s.lease;
}

bool directory::reserve(const entity_type& type, std::uint32_t partition, const std::string& key) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  if (!s.lease || s.closing)
    return false;
  return s.entries.emplace(name{kind_of(type).number, key}, entry{}).second;
}

bool directory::attach(const entity_type& type, std::uint32_t partition, const std::string& key,
                       caf::actor made) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(type).number, key});
  if (found == s.entries.end() || found->second.state != life::starting)
    return false;
  auto& e = found->second;
  e.state = life::active;
  e.used = now_.load(std::memory_order_relaxed);
  e.actor = caf::actor_cast<caf::strong_actor_ptr>(std::move(made));
  if (auto queue = std::move(e.waiting)) {
    waiting_.fetch_sub(queue->size(), std::memory_order_relaxed);
    for (auto& [t, element] : *queue)
      e.actor->enqueue(std::move(element), nullptr);
  }
  return true;
}

void directory::refuse(const entity_type& type, std::uint32_t partition, const std::string& key,
                       const caf::error& reason) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(type).number, key});
  if (found == s.entries.end() || found->second.state != life::starting)
    return;
  if (auto queue = std::move(found->second.waiting)) {
    waiting_.fetch_sub(queue->size(), std::memory_order_relaxed);
    for (auto& [t, element] : *queue)
      answer_error(*element, reason);
  }
  s.entries.erase(found);
}

bool directory::cooled(const entity_type& type, std::uint32_t partition, const std::string& key, bool again) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(type).number, key});
  if (found == s.entries.end() || found->second.state != life::cooling)
    return false;
  if (!again && !found->second.waiting) {
    s.entries.erase(found);
    return false;
  }
  found->second.state = life::starting;
  return true;
}

void directory::drop_expired(elements& queue, call_clock::time_point now) {
  std::erase_if(queue, [&](auto& waiting) {
    auto& element = *waiting.second;
    if (call_of(element)->deadline - answer_margin > now)
      return false;
    answer_error(element, make_error(ec::unavailable, "no node had taken the entity over in time"));
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  });
}

void directory::tick() {
  auto now = call_clock::now();
  now_.store(static_cast<std::uint32_t>((now - began_) / tick_length), std::memory_order_relaxed);
  if (waiting_.load(std::memory_order_relaxed) == 0)
    return;
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      auto& s = slots[p];
      std::lock_guard guard{s.lock};
      flush(s);
      drop_expired(s.waiting, now);
    }
}

void directory::sweep() {
  auto now = now_.load(std::memory_order_relaxed);
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      std::lock_guard guard{slots[p].lock};
      for (auto& [n, e] : slots[p].entries) {
        auto limit = by_number_[n.type]->passivate_after / tick_length;
        if (e.state == life::active && limit != 0 && now - e.used >= static_cast<std::uint64_t>(limit))
          caf::anon_send(caf::actor_cast<caf::actor>(e.actor), passivate_entity{});
      }
    }
}

bool directory::release(const entity_actor& self, std::uint32_t partition) {
  auto& s = slot_of(self.kind(), partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(self.kind()).number, self.key()});
  if (found == s.entries.end() || found->second.actor.get() != self.ctrl())
    return true; // it is not known any more
  if (self.received.load(std::memory_order_relaxed) != self.handled.load(std::memory_order_relaxed))
    return false;
  s.entries.erase(found);
  return true;
}

void directory::ended(const entity_actor& self, std::uint32_t partition, const caf::error& reason) {
  bool failed = reason && reason != caf::exit_reason::normal && reason != caf::exit_reason::user_shutdown
                && reason != caf::exit_reason::kill;
  auto& s = slot_of(self.kind(), partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(self.kind()).number, self.key()});
  if (found == s.entries.end() || found->second.actor.get() != self.ctrl())
    return;
  found->second.actor = nullptr;
  if (failed && !s.closing)
    found->second.state = life::cooling;
  else
    s.entries.erase(found);
  bool last = s.closing && s.entries.empty();
  if (last)
    s.lease = nullptr;
  if (failed || last)
    tell_host(caf::make_message(entity_gone{&self.kind(), partition, self.key(), reason, failed, last}));
  if (last)
    flush(s);
}

} // namespace tutti::runtime::entity
