#include "runtime/store/memory/flag_store.hpp"

#include "runtime/wall_clock.hpp"

#include <utility>

#include <caf/result.hpp>

namespace tutti::runtime::store {
namespace {

struct memory_flags_state {
  static constexpr const char* name = "flag-store";
  std::shared_ptr<memory::flag_book> book;
};

caf::behavior memory_flag_store(actor::stateful<memory_flags_state>* self,
                                std::shared_ptr<memory::flag_book> kept) {
  self->state.book = std::move(kept);
  return {
      [=](const read_flag& query) -> caf::result<flag_found> {
        if (auto bad = check(query))
          return bad;
        return self->state.book->read(query);
      },
      [=](const write_flag& order) -> caf::result<flag_written> {
        if (auto bad = check(order))
          return bad;
        return self->state.book->write(order, wall_now());
      },
      [=](const list_flags&) { return self->state.book->list(); },
  };
}

} // namespace

caf::actor spawn_memory_flag_store(caf::event_based_actor& parent, actor::placement at,
                                   std::shared_ptr<memory::flag_book> kept) {
  return actor::spawn_stateful<memory_flags_state>(parent, std::move(at), 0, memory_flag_store,
                                                   std::move(kept));
}

} // namespace tutti::runtime::store
