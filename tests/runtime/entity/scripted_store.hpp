#pragma once
#include "runtime/error.hpp"
#include "runtime/store/memory/book.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::tests::entities {

namespace store = runtime::store;

using release_held = caf::atom_constant<caf::atom("release")>;

/// What the store of a test does, and what it has been asked.
struct store_script {
  store::memory::entity_book book;
  bool hold_loads = false, hold_saves = false, hold_lists = false; ///< answered when release_held comes
  std::optional<caf::error> fail_load, fail_save, fail_list;       ///< instead of doing it
  std::optional<caf::error> lose_answer;                           ///< of a save that is done
  std::vector<store::save_state> saves;
  std::vector<std::size_t> loads; ///< names in each
  std::size_t lists = 0;
  std::deque<std::function<void()>> held;
};

inline caf::behavior scripted_store(caf::event_based_actor* self, std::shared_ptr<store_script> s) {
  auto answer = [=](bool hold, auto result) -> caf::result<typename decltype(result)::value_type> {
    using type = typename decltype(result)::value_type;
    auto promise = self->make_response_promise<type>();
    auto give = [promise, result = std::move(result)]() mutable {
      if (result)
        promise.deliver(std::move(*result));
      else
        promise.deliver(result.error());
    };
    if (hold)
      s->held.emplace_back(std::move(give));
    else
      give();
    return promise;
  };
  return {
      [=](release_held) {
        for (auto& f : std::exchange(s->held, {}))
          f();
      },
      [=](const store::raise_fences& m) { return s->book.raise(m); },
      [=](const store::load_states& m) {
        s->loads.push_back(m.names.size());
        return answer(s->hold_loads, s->fail_load ? caf::expected<store::states_loaded>{*s->fail_load}
                                                  : caf::expected<store::states_loaded>{s->book.load(m)});
      },
      [=](const store::save_state& m) {
        s->saves.push_back(m);
        caf::expected<store::state_saved> out{caf::sec::none};
        if (s->fail_save) {
          out = *s->fail_save;
        } else {
          auto copy = m;
          out = s->book.save(std::move(copy));
          if (s->lose_answer)
            out = *std::exchange(s->lose_answer, std::nullopt);
        }
        return answer(s->hold_saves, std::move(out));
      },
      [=](const store::list_wakeful& m) {
        ++s->lists;
        return answer(s->hold_lists, s->fail_list ? caf::expected<store::wake_page>{*s->fail_list}
                                                  : caf::expected<store::wake_page>{s->book.list(m)});
      },
  };
}

} // namespace tutti::tests::entities
