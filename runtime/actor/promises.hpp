#pragma once
#include <utility>

#include <caf/error.hpp>

/// For handlers that answer later, by a caf::typed_response_promise.
namespace tutti::runtime::actor {

/// As promise.deliver(), which gives the promise back: a handler must not return it.
template <class Promise, class Value>
void deliver(Promise& promise, Value&& value) {
  promise.deliver(std::forward<Value>(value));
}

/// What takes an error, and answers with it.
template <class Promise>
auto fails(Promise promise) {
  return [promise](const caf::error& reason) mutable { promise.deliver(reason); };
}

} // namespace tutti::runtime::actor
