#pragma once
#include "services/postgres/statement/failure.hpp"
#include "services/postgres/statement/result.hpp"
#include "services/postgres/statement/value.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::postgres {

/// SQL with $1, $2 … . Prepared on each connection when first used there, under its name; without a name it
/// is parsed each time. Views: of literals, or of what outlives the answer. One name, one text.
struct statement {
  std::string_view name;
  std::string_view sql;
};

struct call {
  statement what;
  std::vector<param> parameters;
};

/// Statements that run as one atomic transaction (read committed) in one round trip: if one fails, none has
/// happened. No BEGIN or COMMIT in here.
struct unit {
  std::vector<call> calls;
  std::chrono::milliseconds deadline{0}; ///< from run() to the answer; 0: the pool's

  template <class... Parameters>
  unit& add(statement what, Parameters&&... parameters) {
    auto& added = calls.emplace_back(call{what, {}});
    added.parameters.reserve(sizeof...(parameters));
    (added.parameters.emplace_back(std::forward<Parameters>(parameters)), ...);
    return *this;
  }
};

/// What became of a unit: results in the order of its statements, or an error and no results.
struct answer {
  std::vector<result> results;
  std::optional<failure> error;

  bool ok() const noexcept { return !error; }
};

/// Called exactly once, on the I/O thread: do not block. What it throws is logged and goes no further.
using answer_callback = std::function<void(answer)>;

} // namespace tutti::services::postgres
