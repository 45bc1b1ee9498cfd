#pragma once
#include "runtime/telemetry/trace.hpp"

#include <chrono>
#include <cstdint>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>

/// What travels to an entity: a CAF message (entity_call, M), M being one of the messages of its type.
namespace tutti::runtime::entity {

using call_clock = std::chrono::steady_clock; ///< as the actor system's clock shows it

/// The address and the terms of one message.
struct entity_call {
  std::string key;
  call_clock::time_point deadline; ///< afterwards it is dropped unhandled: nobody waits for it any more
  telemetry::trace_context trace;
  std::uint8_t hops = 0; ///< nodes that have passed it on
};

/// For every type: runs one of its JSON commands. → json_reply, or rejected with "pointer: words" when the
/// payload is not one of that command; not_found: the type has no such command.
struct json_command {
  std::string name;
  std::string payload; ///< JSON
};
struct json_reply {
  std::string json;
};
/// For every type: → json_reply with the state for people. Never activates: not_found when it does not live.
struct inspect_entity {};

template <class F>
void fields(F& f, json_command& x) {
  f("name", x.name)("payload", x.payload);
}
template <class F>
void fields(F& f, json_reply& x) {
  f("json", x.json);
}
template <class F>
void fields(F&, inspect_entity&) {}

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::entity_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::json_command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::json_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::inspect_entity)
