#include "runtime/cluster/leases/memory/store.hpp"

#include <utility>

#include <caf/result.hpp>

namespace tutti::runtime::cluster {
namespace {

struct memory_lease_state {
  static constexpr const char* name = "lease-store";
  std::shared_ptr<memory::lease_book> book;
  std::function<std::chrono::microseconds()> now;
};

/// What `act` gives, unless the message is bad.
template <class Answer, class Order, class Act>
caf::result<Answer> when_good(const Order& order, Act act) {
  if (auto bad = check(order))
    return bad;
  return act();
}

caf::behavior memory_lease_store(actor::stateful<memory_lease_state>* self,
                                 std::shared_ptr<memory::lease_book> book,
                                 std::function<std::chrono::microseconds()> clock) {
  self->state.book = std::move(book);
  self->state.now = std::move(clock);
  return {
      [=](acquire_leases& order) {
        return when_good<leases_acquired>(
            order, [&] { return self->state.book->acquire(std::move(order), self->state.now()); });
      },
      [=](renew_leases& order) {
        return when_good<leases_renewed>(
            order, [&] { return self->state.book->renew(std::move(order), self->state.now()); });
      },
      [=](const release_leases& order) {
        return when_good<leases_released>(order, [&] {
          self->state.book->release(order);
          return leases_released{};
        });
      },
      [=](const read_leases& query) {
        return when_good<leases_read>(query,
                                      [&] { return self->state.book->read(query, self->state.now()); });
      },
      [=](const list_leases& query) {
        return when_good<lease_page>(query, [&] { return self->state.book->list(query, self->state.now()); });
      },
      [=](write_table& order) -> caf::result<table_written> {
        if (auto bad = check(order))
          return bad;
        if (auto written = self->state.book->write(std::move(order), self->state.now()))
          return *written;
        return make_error(ec::conflict, table_conflict);
      },
      [=](const read_table& query) { return self->state.book->table(query); },
  };
}

} // namespace

caf::actor spawn_memory_lease_store(caf::event_based_actor& parent, actor::placement at,
                                    std::shared_ptr<memory::lease_book> kept,
                                    std::function<std::chrono::microseconds()> now) {
  return actor::spawn_stateful<memory_lease_state>(parent, std::move(at), 0, memory_lease_store,
                                                   std::move(kept), std::move(now));
}

} // namespace tutti::runtime::cluster
