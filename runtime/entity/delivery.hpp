#pragma once
#include "runtime/entity/call.hpp"

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

/// Only a requester hears of it.
inline void answer_error(const caf::mailbox_element& element, caf::error reason,
                         caf::execution_unit* host = nullptr) {
  if (element.mid.is_request() && element.sender)
    element.sender->enqueue(nullptr, element.mid.response_id(), caf::make_message(std::move(reason)), host);
}

} // namespace tutti::runtime::entity
