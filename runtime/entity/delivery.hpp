#pragma once
#include "runtime/entity/call.hpp"
#include "runtime/entity/entity_type.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include <caf/error.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_message.hpp>

namespace tutti::runtime::entity {

/// Null: it is no message to an entity.
inline const entity_call* call_of(const caf::mailbox_element& element) {
  auto& content = element.content();
  return content.size() == 2 && content.match_element<entity_call>(0) ? &content.get_as<entity_call>(0)
                                                                      : nullptr;
}

/// Of a message to an entity of that type, as it would travel between nodes.
inline std::size_t bytes_of(const entity_type& type, const caf::mailbox_element& element) {
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

/// Only a requester hears of it.
inline void answer_error(const caf::mailbox_element& element, caf::error reason,
                         caf::execution_unit* host = nullptr) {
  if (element.mid.is_request() && element.sender)
    element.sender->enqueue(nullptr, element.mid.response_id(), caf::make_message(std::move(reason)), host);
}

} // namespace tutti::runtime::entity
