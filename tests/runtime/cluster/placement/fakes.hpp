#pragma once
#include "runtime/cluster/leases/store.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/error.hpp"
#include "runtime/store/entity_store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/result.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::function<void()>)

namespace tutti::tests::placement {

using namespace runtime::cluster;
using namespace std::chrono_literals;

using part = std::pair<std::string, std::uint32_t>; ///< role and partition

/// Between a node and a store: delays, and faults.
struct link {
  enum class state { up, cut, deaf }; ///< refuses; never answers
  state is = state::up;
  std::function<std::chrono::milliseconds()> delay = [] { return 0ms; };
  std::set<std::string> mute; ///< messages that arrive and are never answered: "write"
};

/// Messages of one direction arrive in order.
struct relay_state {
  static constexpr const char* name = "relay";
  caf::actor_clock::clock_type::time_point there{}, back{};
};
using relay_actor = caf::stateful_actor<relay_state>;

template <class Answer, class Query>
auto relayed(relay_actor* self, const caf::actor& to, const std::shared_ptr<link>& l, const char* what) {
  return [=](const Query& query) -> caf::result<Answer> {
    auto promise = self->make_response_promise<Answer>();
    if (l->is == link::state::cut) {
      promise.deliver(runtime::make_error(runtime::ec::unavailable, "cut"));
      return promise;
    }
    if (l->is == link::state::deaf)
      return promise;
    auto later = [=](auto& last, std::function<void()> then) {
      auto now = self->clock().now();
      last = std::max(last, now + l->delay());
      self->delayed_send(self, last - now, std::move(then));
    };
    later(self->state.there, [=] {
      if (l->is != link::state::up)
        return;
      self->request(to, 600s, query)
          .then(
              [=](const Answer& got) {
                if (l->mute.count(what) == 0)
                  later(self->state.back, [=]() mutable {
                    if (l->is == link::state::up)
                      promise.deliver(got);
                  });
              },
              [=](const caf::error& e) {
                later(self->state.back, [=]() mutable {
                  if (l->is == link::state::up)
                    promise.deliver(e);
                });
              });
    });
    return promise;
  };
}

inline caf::behavior relay(relay_actor* self, caf::actor to, std::shared_ptr<link> l) {
  using namespace runtime::store;
  return {
      [](const std::function<void()>& then) { then(); },
      relayed<leases_acquired, acquire_leases>(self, to, l, "acquire"),
      relayed<leases_renewed, renew_leases>(self, to, l, "renew"),
      relayed<leases_released, release_leases>(self, to, l, "release"),
      relayed<leases_read, read_leases>(self, to, l, "read"),
      relayed<lease_page, list_leases>(self, to, l, "list"),
      relayed<table_written, write_table>(self, to, l, "write"),
      relayed<table_read, read_table>(self, to, l, "table"),
      relayed<fences_raised, raise_fences>(self, to, l, "fences"),
  };
}

/// Of the entity store.
using fence_map = std::map<part, std::uint64_t>;
inline caf::behavior fence_store(caf::event_based_actor*, std::shared_ptr<fence_map> fences) {
  return {[=](const runtime::store::raise_fences& order) {
    runtime::store::fences_raised out;
    for (auto& f : order.fences) {
      auto& standing = (*fences)[{f.role, f.partition}];
      standing = std::max(standing, f.epoch);
      out.standing.push_back(standing);
    }
    return out;
  }};
}

/// What a host was told and does.
struct host_book {
  std::map<part, std::shared_ptr<const held_lease>> open; ///< until it has confirmed, or was told of the loss
  std::vector<std::shared_ptr<const partition_table>> tables;
  std::size_t opened = 0, closed = 0, lost = 0;
  bool stuck = false; ///< confirms nothing
  std::function<std::chrono::milliseconds()> closing_takes = [] { return 0ms; };
  const fence_map* fences = nullptr;
  std::size_t* unconfirmed = nullptr; ///< partitions that were opened before the former owner's host was done
  std::multiset<part>* open_anywhere = nullptr;
};
inline std::size_t forget(host_book& book, part p) {
  if (auto i = book.open_anywhere->find(p); i != book.open_anywhere->end() && book.open.count(p) != 0)
    book.open_anywhere->erase(i);
  return book.open.erase(p);
}
inline caf::behavior fake_host(caf::event_based_actor* self, std::shared_ptr<host_book> book) {
  return {
      [](const std::function<void()>& then) { then(); },
      [=](const table_changed& t) { book->tables.push_back(t.table); },
      [=](const partition_opened& p) {
        ++book->opened;
        *book->unconfirmed += book->open_anywhere->count({p.role, p.partition});
        book->open_anywhere->insert({p.role, p.partition});
        auto i = book->fences->find({p.role, p.partition});
        if (i == book->fences->end() || i->second < p.lease->epoch())
          throw std::logic_error("opened without a fence");
        if (!book->open.emplace(part{p.role, p.partition}, p.lease).second)
          throw std::logic_error("opened twice");
      },
      [=](const close_partition& p) -> caf::result<partition_closed> {
        auto promise = self->make_response_promise<partition_closed>();
        if (!book->stuck)
          self->delayed_send(self, book->closing_takes(), std::function<void()>{[=]() mutable {
                               book->closed += forget(*book, {p.role, p.partition});
                               promise.deliver(partition_closed{});
                             }});
        return promise;
      },
      [=](const partition_lost& p) {
        ++book->lost;
        if (auto i = book->open.find({p.role, p.partition});
            i != book->open.end() && i->second->epoch() == p.epoch)
          forget(*book, i->first);
      },
  };
}

} // namespace tutti::tests::placement
