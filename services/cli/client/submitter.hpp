#pragma once
#include "services/cli/client/api.hpp"
#include "services/cli/client/batch.hpp"
#include "services/cli/console/signals.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tutti::services::cli {

struct line_answer {
  std::uint64_t line = 0;
  bool accepted = false;
  bool deduplicated = false;
  std::string id;
  std::string problem; ///< why it was not accepted, for a person
  std::string text;    ///< the server's JSON
};

/// Sends jobs and sends again what was not taken because the node was busy or away, as long as that may help.
/// Every line must have an idempotency key, so that a repeat makes no second job.
class submitter {
public:
  struct options {
    std::chrono::milliseconds patience{60000};       ///< since the last answer that took something
    std::function<void(const std::string&)> waiting; ///< told why it has to wait; may be empty
  };
  submitter(api& node, signals& stop, options with) : node_(node), stop_(stop), options_(std::move(with)) {}

  /// An answer for each line, in order. Throws `failure` when the node refuses the batch as a whole, was
  /// never reached, or stays away.
  std::vector<line_answer> send(const job_batch& batch);

private:
  /// Those of `lines` (indices of `batch`) that are settled get their answer; the rest is returned.
  std::vector<std::size_t> take(const job_batch& batch, const std::vector<std::size_t>& lines,
                                const std::string& body, std::vector<line_answer>& answers);

  api& node_;
  signals& stop_;
  options options_;
  bool reached_ = false; ///< there has been an answer: a failure to connect may pass
};

} // namespace tutti::services::cli
