#pragma once
#include "runtime/jobs/job_actor.hpp"
#include "tests/runtime/jobs/conformance/job_store.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <caf/atom.hpp>
#include <caf/behavior.hpp>

/// Small job types and runners for the tests of attempts.
namespace tutti::tests::conformance {

using go = caf::atom_constant<caf::atom("go")>;

inline job_type of(std::string name, std::function<caf::behavior(job_actor*)> run) {
  job_type type;
  type.name = std::move(name);
  type.schema = "{}";
  type.run = std::move(run);
  type.retry = {std::chrono::milliseconds{100}, std::chrono::milliseconds{400}};
  return type;
}

/// Stays until something ends it.
inline caf::behavior stay() {
  return {[](go) {}};
}

inline runner_options with(std::uint32_t concurrency) {
  return {concurrency, std::chrono::milliseconds{1000}, std::chrono::milliseconds{300}};
}

} // namespace tutti::tests::conformance
