#include "runtime/store/memory/store.hpp"

#include <utility>

#include <caf/result.hpp>

namespace tutti::runtime::store {
namespace {

struct memory_store_state {
  static constexpr const char* name = "entity-store";
  std::shared_ptr<memory::entity_book> book;
};

caf::behavior memory_entity_store(actor::stateful<memory_store_state>* self,
                                  std::shared_ptr<memory::entity_book> kept) {
  self->state.book = std::move(kept);
  return {
      [=](const raise_fences& order) -> caf::result<fences_raised> {
        if (auto bad = check(order))
          return bad;
        return self->state.book->raise(order);
      },
      [=](const load_states& query) -> caf::result<states_loaded> {
        if (auto bad = check(query))
          return bad;
        return self->state.book->load(query);
      },
      [=](save_state& order) -> caf::result<state_saved> {
        if (auto bad = check(order))
          return bad;
        return self->state.book->save(std::move(order));
      },
      [=](const list_wakeful& query) -> caf::result<wake_page> {
        if (auto bad = check(query))
          return bad;
        return self->state.book->list(query);
      },
  };
}

} // namespace

caf::actor spawn_memory_entity_store(caf::event_based_actor& parent, actor::placement at,
                                     std::shared_ptr<memory::entity_book> kept) {
  return actor::spawn_stateful<memory_store_state>(parent, std::move(at), 0, memory_entity_store,
                                                   std::move(kept));
}

} // namespace tutti::runtime::store
