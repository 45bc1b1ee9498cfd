#pragma once
#include "runtime/jobs/job.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace tutti::runtime::jobs::memory {

/// Which job an idempotency key belongs to. A key outlives its job's record: what tells a repeat from a
/// misuse is kept for as long as keys are, in about 100 bytes, up to a bound beyond which the oldest go
/// early.
class key_index {
public:
  struct known {
    job_id id;
    /// Set when the record is gone.
    std::optional<std::pair<fingerprint, job_status>> gone;
  };

  std::optional<known> find(std::string_view key) const;
  void add(std::string_view key, job_id id) { ids_.insert_or_assign(digest(key), id); }
  /// The record is gone; remember it until `expires`.
  void keep(std::string_view key, job_id id, fingerprint body, job_status status, unix_ms expires);
  /// Drops up to `at_most` keys that have expired or are more than `max`.
  void trim(unix_ms now, std::size_t max, std::size_t at_most);
  std::size_t size() const noexcept { return ids_.size(); }
  /// Of a key whose job is gone; about the first to expire.
  std::optional<unix_ms> next_expiry() const {
    return expiry_.empty() ? std::nullopt : std::optional{expiry_.front().first};
  }

private:
  struct hash {
    std::size_t operator()(const fingerprint& f) const noexcept { return f.lo; }
  };
  struct gone_job {
    fingerprint key;
    fingerprint body;
    job_status status;
  };
  static fingerprint digest(std::string_view key) noexcept;

  boost::unordered_flat_map<fingerprint, job_id, hash> ids_;
  boost::unordered_flat_map<job_id, gone_job, std::hash<job_id>> gone_;
  std::deque<std::pair<unix_ms, job_id>> expiry_;
};

} // namespace tutti::runtime::jobs::memory
