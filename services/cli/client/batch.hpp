#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files of jobs, one JSON object a line, cut into batches.
namespace tutti::services::cli {

/// `line` with a member idempotencyKey, unless it has one or is not a JSON object (which the node will say).
std::string with_key(std::string_view line, std::string_view key);

/// 128 random bits in hex: what the keys of one run begin with.
std::string random_name();

struct job_line {
  std::uint64_t number = 0; ///< in the file, from 1
  std::string text;
};

struct job_batch {
  std::vector<job_line> lines;
  std::vector<std::uint64_t> too_long; ///< numbers of lines that can be in no batch
  std::size_t bytes = 0;               ///< of the body

  std::string body() const;
};

struct batch_limits {
  std::size_t lines = 1000;
  std::size_t bytes = std::size_t{8} << 20;
};

/// Reads a stream of any length, holding one batch.
class batch_reader {
public:
  /// `keys` begins the key of each line that has none. The stream must outlive this.
  batch_reader(std::FILE* from, std::string keys, batch_limits limits = {});

  /// Nothing at the end of the stream. Blank lines are skipped. Throws `failure` when reading fails.
  std::optional<job_batch> next();
  /// Bytes of the stream that the batches so far have used.
  std::uint64_t bytes_read() const noexcept { return used_; }

private:
  /// The next line into `line_`; false at the end.
  bool read_line();
  bool fill();

  std::FILE* from_;
  std::string keys_;
  batch_limits limits_;
  std::string buffer_; ///< read, from `at_` on not yet used
  std::size_t at_ = 0;
  std::string line_;
  bool line_too_long_ = false;
  bool line_waits_ = false; ///< `line_` did not fit into the last batch
  std::uint64_t number_ = 0, used_ = 0;
};

} // namespace tutti::services::cli
