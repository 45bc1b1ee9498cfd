#pragma once
#include "protocols/json/outcome.hpp"

#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

namespace tutti::tests::discord {

/// The value; a failed test and an empty one when there is none.
template <class T>
T value_of(protocols::json::outcome<T> what) {
  if (auto* wrong = std::get_if<protocols::json::field_error>(&what)) {
    ADD_FAILURE() << to_string(*wrong);
    return {};
  }
  return std::move(std::get<T>(what));
}

/// "field: detail"; "" when there is a value.
template <class T>
std::string refusal_of(const protocols::json::outcome<T>& what) {
  auto* wrong = std::get_if<protocols::json::field_error>(&what);
  return wrong ? to_string(*wrong) : "";
}

} // namespace tutti::tests::discord
