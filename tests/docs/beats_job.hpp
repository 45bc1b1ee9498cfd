#pragma once
#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/payload.hpp"

#include <chrono>
#include <string>

namespace tutti::actors::sample {

/// sample.beats {bpm, beats}: so many beats at that pace; the result is how long they took.
inline runtime::jobs::job_type beats_job() {
  using namespace runtime::jobs;
  using beat = caf::atom_constant<caf::atom("beat")>;
  job_type type;
  type.name = "sample.beats";
  type.summary = "Counts beats at a pace";
  type.schema = R"({
    "type": "object", "required": ["bpm", "beats"], "additionalProperties": false,
    "properties": {
      "bpm": {"type": "integer", "minimum": 20, "maximum": 300},
      "beats": {"type": "integer", "minimum": 1, "maximum": 10000}
    }})";
  type.max_attempts = 3;
  type.timeout = std::chrono::minutes{5};                           // of one attempt
  type.retry = {std::chrono::seconds{1}, std::chrono::seconds{30}}; // first bound, greatest bound
  type.run = [limit = type.timeout](job_actor* self) -> caf::behavior {
    payload_reader payload{self->payload()}; // the schema was checked at submission
    auto bpm = payload.integer("bpm").value();
    auto total = payload.integer("beats").value();
    auto pause = std::chrono::milliseconds{60'000 / bpm};
    if (pause * total >= limit) {
      self->reject({"too-long", "the beats would outlast the attempt"}); // no retry can help
      return {};
    }
    self->delayed_send(self, pause, beat::value, std::int64_t{1});
    return {
        [=](beat, std::int64_t count) {
          if (count == total) {
            self->succeed("{\"ms\":" + std::to_string((pause * total).count()) + "}");
            return;
          }
          self->progress("{\"beats\":" + std::to_string(count) + "}");
          self->delayed_send(self, pause, beat::value, count + 1);
        },
    };
  };
  return type;
}

} // namespace tutti::actors::sample
