#pragma once
#include "services/redis/protocol/command_batch.hpp"
#include "services/redis/protocol/reply.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::services::redis {

/// Takes the result of one send(). Not empty; must not throw or block.
using completion = std::function<void(batch_result&&)>;

/// A batch on its way: collects the replies, and has the script calls that the server refused as unknown
/// repeated, the first of each script with its source. The others may be refused once more, and so on: each
/// round has at least one run.
class pending_call {
public:
  using clock = std::chrono::steady_clock;

  pending_call(command_batch batch, clock::time_point deadline, completion done);

  /// Appends what is to be sent now.
  void write_to(std::string& out, clock::time_point now);
  /// True: it was the last reply to what was written.
  bool take(reply&& answer);
  /// After that: true when there is something to be sent again.
  bool must_repeat() const noexcept { return done_ && !unknown_scripts_.empty(); }
  /// From now on, the calls to be repeated are what is to be sent.
  void begin_repeat();
  /// Whom to tell what; at most once. Replies that come later are only counted.
  std::pair<completion, batch_result> settle(outcome lost, std::string reason);

  bool settled() const noexcept { return !done_; }
  std::size_t commands() const noexcept { return batch_.size(); }
  std::size_t cost() const noexcept { return cost_; } ///< bytes as they were passed
  clock::time_point deadline() const noexcept { return deadline_; }
  clock::time_point written() const noexcept { return written_; }

private:
  bool note_unknown_script(std::size_t index);
  bool take_repeated(reply&& answer);
  void write_repeated(std::string& out) const;

  command_batch batch_;
  std::size_t cost_;
  clock::time_point deadline_;
  clock::time_point written_{};
  completion done_; // empty: has been told
  std::vector<reply> replies_;
  std::size_t received_ = 0;
  std::vector<std::size_t> unknown_scripts_; // indices into script_calls(), in order
  std::vector<std::size_t> repeating_;       // the same, of what is being repeated
  std::size_t repeated_ = 0;                 // replies to those
};

} // namespace tutti::services::redis
