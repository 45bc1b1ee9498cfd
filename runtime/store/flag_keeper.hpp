#pragma once
#include "runtime/actor/metered.hpp"
#include "runtime/store/flag_cache.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

namespace tutti::runtime::store {

/// To a keeper, as a plain message: another node has made this version.
struct flag_changed {
  std::string name;
  std::uint64_t version = 0;
};

/// The flag port (flag_store.hpp) in front of `store`, which is asked for what `cache` does not know: once for
/// all who wait for the same name. When it does not answer within a second, who reads gets what was last
/// known, if anything was, and the store is left alone for a while (1 to 30 s, with jitter). Changes that go
/// through here are known here at once; who makes them tells the other nodes (flag_changed). Lists always come
/// from the store.
caf::actor spawn_flag_keeper(caf::event_based_actor& parent, actor::placement at, caf::actor store,
                             std::shared_ptr<flag_cache> cache);

} // namespace tutti::runtime::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::store::flag_changed)
