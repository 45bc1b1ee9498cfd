#include "runtime/entity/directory.hpp"

#include "runtime/entity/delivery.hpp"
#include "runtime/entity/entity_actor.hpp"
#include "runtime/error.hpp"

#include <algorithm>
#include <iterator>

#include <caf/make_message.hpp>
#include <caf/send.hpp>

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick_length{100};
/// An answer that says "not handled" must still arrive before the requester's own deadline.
constexpr milliseconds answer_margin{150};

std::size_t bytes_of(const entity_type& type, const caf::mailbox_element& element) {
  auto& content = element.content();
  auto out = call_of(element)->key.size();
  if (content.match_element<json_command>(1)) {
    auto& command = content.get_as<json_command>(1);
    return out + command.name.size() + command.payload.size();
  }
  if (auto* handler = type.find(*content.type(1).second)) {
    std::string encoded;
    handler->request.encode(content.get(1), encoded);
    out += encoded.size();
  }
  return out;
}

} // namespace

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
  bool inspects = element->content().match_element<inspect_entity>(1);
  if (found != s.entries.end() && found->second.state == life::active) {
    if (!inspects)
      found->second.used = now_.load(std::memory_order_relaxed);
    found->second.actor->enqueue(std::move(element), host);
    return;
  }
  if (inspects)
    return answer_error(*element, make_error(ec::not_found, "it does not live at the moment"), host);
  if (found == s.entries.end()) {
    found = s.entries.emplace(name{number, key}, entry{}).first;
    tell_host(caf::make_message(activate_entity{&type, partition_of(type.name, key, partitions_), key}));
  }
  wait(s.held[found->first], type, std::move(element));
}

void directory::wait(elements& queue, const entity_type& type, caf::mailbox_element_ptr element) {
  if (!hosted_) // nobody would end the waiting
    return answer_error(*element, make_error(ec::unavailable, "this node runs no entities at the moment"));
  auto bytes = bytes_of(type, *element);
  if (waiting_.load(std::memory_order_relaxed) >= bounds_.waiting_messages)
    return answer_error(*element,
                        make_error(ec::unavailable, "too many messages wait for entities of this node"));
  if (waiting_bytes_.load(std::memory_order_relaxed) + bytes > bounds_.waiting_bytes)
    return answer_error(*element,
                        make_error(ec::unavailable, "too many bytes wait for entities of this node"));
  waiting_.fetch_add(1, std::memory_order_relaxed);
  waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  queue.push_back({&type, std::move(element), bytes});
}

void directory::waits_no_more(const waiting_message& m) noexcept {
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  waiting_bytes_.fetch_sub(m.bytes, std::memory_order_relaxed);
}

void directory::flush(slot& s) {
  while (!s.waiting.empty()) {
    auto& m = s.waiting.front();
    waits_no_more(m); // first: it may go on to wait for its entity
    if (!route(s, *m.type, m.element, nullptr)) {
      waiting_.fetch_add(1, std::memory_order_relaxed);
      waiting_bytes_.fetch_add(m.bytes, std::memory_order_relaxed);
      return;
    }
    s.waiting.pop_front();
  }
}

std::vector<caf::actor> directory::open(const std::string& role, std::uint32_t partition,
                                        std::shared_ptr<const cluster::held_lease> lease) {
  std::vector<caf::actor> stale;
  auto s = find_slot(role, partition);
  if (s == nullptr)
    return stale;
  std::lock_guard guard{s->lock};
  empty(*s, stale);
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
  std::erase_if(s->entries, [](auto& e) {
    if (e.second.state != life::active)
      return true;
    caf::anon_send(caf::actor_cast<caf::actor>(e.second.actor),
                   stop_entity{}); // behind what it has got already
    return false;
  });
  unhold(*s);
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
  empty(*s, out);
  flush(*s);
  return out;
}

std::vector<caf::actor> directory::stop() {
  std::vector<caf::actor> out;
  hosted_ = false;
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      std::lock_guard guard{slots[p].lock};
      empty(slots[p], out);
      flush(slots[p]);
      answer_all(slots[p].waiting, make_error(ec::unavailable, "this node's entities have ended"));
    }
  host_ = nullptr; // what is not open does not tell it anything
  return out;
}

void directory::empty(slot& s, std::vector<caf::actor>& actors) {
  s.lease = nullptr;
  s.closing = false;
  for (auto& [n, e] : s.entries)
    if (e.actor)
      actors.push_back(caf::actor_cast<caf::actor>(e.actor));
  s.entries.clear();
  unhold(s);
}

void directory::unhold(slot& s) {
  for (auto& [n, queue] : s.held)
    s.waiting.insert(s.waiting.begin(), std::make_move_iterator(queue.begin()),
                     std::make_move_iterator(queue.end()));
  s.held.clear();
}

directory::elements directory::take_held(slot& s, const name_view& who) {
  elements out;
  if (auto found = s.held.find(who); found != s.held.end()) {
    out = std::move(found->second);
    s.held.erase(found);
  }
  for (auto& m : out)
    waits_no_more(m);
  return out;
}

void directory::answer_all(elements& queue, const caf::error& reason) {
  for (auto& m : std::exchange(queue, {})) {
    waits_no_more(m);
    answer_error(*m.element, reason);
  }
}

void directory::set_owner(const std::string& role, std::uint32_t partition,
                          std::shared_ptr<remote_owner> owner) {
  if (auto s = find_slot(role, partition)) {
    std::lock_guard guard{s->lock};
    s->owner = std::move(owner);
    flush(*s);
  }
}

std::shared_ptr<const cluster::held_lease> directory::lease_of(const std::string& role,
                                                               std::uint32_t partition) const {
  auto s = find_slot(role, partition);
  if (s == nullptr)
    return nullptr;
  std::lock_guard guard{s->lock};
  return s->closing ? nullptr : s->lease;
}

bool directory::reserve(const entity_type& type, std::uint32_t partition, const std::string& key) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  if (!s.lease || s.closing)
    return false;
  return s.entries.emplace(name{kind_of(type).number, key}, entry{}).second;
}

bool directory::dismiss(const entity_type& type, std::uint32_t partition, const std::string& key) {
  auto& s = slot_of(type, partition);
  name_view who{kind_of(type).number, key};
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(who);
  if (found == s.entries.end() || found->second.state != life::starting)
    return true;
  if (type.remember || s.held.find(who) != s.held.end())
    return false;
  s.entries.erase(found);
  return true;
}

bool directory::attach(const entity_type& type, std::uint32_t partition, const std::string& key,
                       caf::actor made) {
  auto& s = slot_of(type, partition);
  name_view who{kind_of(type).number, key};
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(who);
  if (found == s.entries.end() || found->second.state != life::starting)
    return false;
  auto& e = found->second;
  e.state = life::active;
  e.used = now_.load(std::memory_order_relaxed);
  e.actor = caf::actor_cast<caf::strong_actor_ptr>(std::move(made));
  auto held = take_held(s, who);
  if (held.empty())
    caf::anon_send(caf::actor_cast<caf::actor>(e.actor), begin_entity{});
  for (auto& m : held)
    e.actor->enqueue(std::move(m.element), nullptr);
  return true;
}

bool directory::refuse(const entity_type& type, std::uint32_t partition, const std::string& key,
                       const caf::error& reason, bool again) {
  auto& s = slot_of(type, partition);
  name_view who{kind_of(type).number, key};
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(who);
  if (found == s.entries.end() || found->second.state != life::starting)
    return false;
  for (auto& m : take_held(s, who))
    answer_error(*m.element, reason);
  if (again)
    found->second.state = life::cooling;
  else
    s.entries.erase(found);
  return again;
}

bool directory::cooled(const entity_type& type, std::uint32_t partition, const std::string& key, bool again) {
  auto& s = slot_of(type, partition);
  std::lock_guard guard{s.lock};
  auto found = s.entries.find(name_view{kind_of(type).number, key});
  if (found == s.entries.end() || found->second.state != life::cooling)
    return false;
  if (!again && s.held.find(found->first) == s.held.end()) {
    s.entries.erase(found);
    return false;
  }
  found->second.state = life::starting;
  return true;
}

void directory::drop_expired(elements& queue, call_clock::time_point now) {
  std::erase_if(queue, [&](auto& waiting) {
    auto& element = *waiting.element;
    if (call_of(element)->deadline - answer_margin > now)
      return false;
    answer_error(element, make_error(ec::unavailable, "the entity was not ready in time"));
    waits_no_more(waiting);
    return true;
  });
}

void directory::tick(call_clock::time_point now) {
  if (began_ == call_clock::time_point{})
    began_ = now;
  now_.store(static_cast<std::uint32_t>((now - began_) / tick_length), std::memory_order_relaxed);
  if (waiting_.load(std::memory_order_relaxed) == 0)
    return;
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      auto& s = slots[p];
      std::lock_guard guard{s.lock};
      flush(s);
      drop_expired(s.waiting, now);
      for (auto h = s.held.begin(); h != s.held.end();) {
        drop_expired(h->second, now);
        h = h->second.empty() ? s.held.erase(h) : std::next(h);
      }
    }
}

void directory::sweep() {
  auto now = now_.load(std::memory_order_relaxed);
  for (auto& [role, slots] : roles_)
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      std::lock_guard guard{slots[p].lock};
      for (auto& [n, e] : slots[p].entries) {
        auto limit = by_number_[n.type]->passivate_after;
        if (e.state == life::active && limit.count() != 0 && (now - e.used) * tick_length >= limit)
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
  if (self.wakes_at())
    tell_host(caf::make_message(entity_sleeps{&self.kind(), partition, self.key(), *self.wakes_at()}));
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
    tell_host(caf::make_message(
        entity_gone{&self.kind(), partition, self.key(), reason, self.wakes(), failed, last}));
  if (last)
    flush(s);
}

} // namespace tutti::runtime::entity
