#pragma once
#include "runtime/jobs/job.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// How the memory provider keeps a job: about 450 bytes with a payload of 100, indexes included, because a
/// million of them may wait.
namespace tutti::runtime::jobs::memory {

/// Rarely needed parts.
struct record_extras {
  std::string result;
  std::string progress;
  job_error error;
  fingerprint unique_value;
  std::vector<attempt_view> history; ///< attempts that have ended, the latest 20
};

struct record {
  job_id id;
  record* prev = nullptr; ///< of the one list it is in: ready, a key's line or finished
  record* next = nullptr;
  unix_ms created_at = 0;
  unix_ms due_at = 0; ///< scheduled, retrying: when it is ready; queued: since when it has been
  unix_ms started_at = 0;
  unix_ms finished_at = 0;
  unix_ms lease_until = 0;
  std::uint64_t token = 0;
  fingerprint body;
  std::unique_ptr<char[]> text; ///< payload, idempotency key, key, one after the other
  std::unique_ptr<record_extras> extras;
  std::uint32_t payload_size = 0;
  std::uint32_t index_position = 0;
  std::uint32_t timeout_ms = 0;
  std::uint32_t worker = 0; ///< that runs it or ran it last; 0: none
  std::uint16_t idempotency_size = 0;
  std::uint16_t key_size = 0;
  std::uint16_t type = 0; ///< interned
  std::uint16_t queue = 0;
  std::uint32_t attempt = 0;
  std::uint32_t attempts_spent = 0; ///< that count towards max_attempts
  std::uint16_t max_attempts = 1;
  std::uint16_t worker_deaths = 0;
  jobs::priority priority = priority::medium;
  job_status status = job_status::queued;
  unique_policy unique = unique_policy::none;
  bool cancel_requested = false;
  bool listed = false; ///< in a ready list or a key's line
  telemetry::trace_context trace;

  std::string_view payload() const noexcept { return {text.get(), payload_size}; }
  std::string_view idempotency_key() const noexcept { return {text.get() + payload_size, idempotency_size}; }
  std::string_view key() const noexcept { return {text.get() + payload_size + idempotency_size, key_size}; }
  record_extras& more() {
    if (!extras)
      extras = std::make_unique<record_extras>();
    return *extras;
  }
};

/// A first-in-first-out list through the records' own links.
class record_list {
public:
  bool empty() const noexcept { return first_ == nullptr; }
  record* front() const noexcept { return first_; }
  std::size_t size() const noexcept { return size_; }
  void push_back(record& r) noexcept;
  void remove(record& r) noexcept;
  record* pop_front() noexcept;

private:
  record* first_ = nullptr;
  record* last_ = nullptr;
  std::size_t size_ = 0;
};

/// Records ordered by id, in buckets of a quarter second of creation that are sorted only when somebody lists
/// them: adding and removing cost O(1) for ids of about now.
class id_index {
public:
  void add(record& r);
  void remove(record& r);
  std::size_t size() const noexcept { return size_; }
  /// Calls `visit` in order of id for each record after `after` until it returns false.
  template <class Visit>
  void for_each_after(job_id after, Visit visit) {
    for (auto b = buckets_.lower_bound(bucket_of(after)); b != buckets_.end(); ++b) {
      sort(b->second);
      for (auto* r : b->second.records)
        if (r->id > after && !visit(*r))
          return;
    }
  }

private:
  struct bucket {
    std::vector<record*> records;
    bool sorted = true;
  };
  static std::uint64_t bucket_of(job_id id) noexcept { return id.hi >> (16 + 8); }
  static void sort(bucket& b);

  std::map<std::uint64_t, bucket> buckets_;
  std::size_t size_ = 0;
};

} // namespace tutti::runtime::jobs::memory
