#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::cli {

/// A job that the demo submits, and what must become of it.
struct planned_job {
  std::string line; ///< body of a submission
  std::string type, queue, key;
  std::string outcome; ///< its final status
  std::uint64_t attempts = 1;
  std::int64_t delay_ms = 0;
  std::optional<std::size_t> repeats; ///< of a duplicate: which one of the same load it repeats
};

/// What must become of a submission, from what the diag types promise. Throws std::invalid_argument when it
/// is not a submission of one of them.
planned_job plan(std::string line);

/// deploy/demo/jobs.ndjson, as it was when this was built.
std::string_view demo_file();
std::vector<planned_job> file_load();

/// Some thousand jobs of every kind, always the same ones. The last ones are duplicates.
std::vector<planned_job> mixed_load();

} // namespace tutti::services::cli
