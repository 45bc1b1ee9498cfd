#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The bounded event bus behind GET /events. Publishing costs the same whether anybody reads or not: nothing
/// is rendered before a reader asks, and slow readers lose the oldest events (and are told how many).
namespace tutti::runtime::telemetry {

enum class topic : std::uint8_t { job, actor, member, player, node };
std::string_view to_string(topic t) noexcept;

/// What happened, e.g. "job.succeeded". Only from string literals, so that events need not own it.
class event_kind {
public:
  constexpr event_kind() noexcept = default;
  template <std::size_t N>
  consteval event_kind(const char (&literal)[N]) noexcept : text_(literal, N - 1) {} // NOLINT: by design
  constexpr operator std::string_view() const noexcept { return text_; }             // NOLINT

private:
  std::string_view text_;
};

struct event {
  std::uint64_t seq = 0;    ///< from 1, no gaps, of this process
  std::int64_t time_us = 0; ///< since 1970
  telemetry::topic topic{};
  std::uint8_t subject_size = 0;
  event_kind kind;
  std::array<char, 64> subject_bytes{}; ///< the first `subject_size` count
  std::string detail;                   ///< a JSON object, or empty

  std::string_view subject() const noexcept { return {subject_bytes.data(), subject_size}; }
};

class event_bus {
public:
  static constexpr std::size_t max_detail =
      4096; ///< bytes; a longer detail, or one that finds no memory, is dropped

  /// Keeps the last `capacity` events (at least 1).
  explicit event_bus(std::size_t capacity = 4096);

  /// `subject` is what it happened to (a job id, an actor's path); cut at 64 bytes. Thread-safe, never waits
  /// for readers, calls the wake callbacks that are due. Returns the event's number.
  std::uint64_t publish(topic about, event_kind kind, std::string_view subject,
                        std::string_view detail = {}) noexcept;

  struct read_result {
    std::uint64_t missed = 0; ///< events between `after` and the first one delivered that are gone
    std::uint64_t last = 0;   ///< read on after this one
    bool more = false;        ///< there were more than `max`
    bool reset = false;       ///< `after` is not of this process (larger than any); read from the oldest kept
  };
  /// Appends up to `max` events that follow number `after` (0: from the oldest kept) to `out`.
  read_result read_after(std::uint64_t after, std::size_t max, std::vector<event>& out) const;

  std::uint64_t last_seq() const; ///< 0: none yet

  /// A reader that is woken. Ends when destroyed; then its callback neither runs nor will run (called from
  /// within the callback: it will not run again). May outlive the bus.
  class subscription {
  public:
    subscription() = default;
    subscription(subscription&&) noexcept = default;
    subscription& operator=(subscription&& other) noexcept;
    ~subscription() { end(); }

    /// As event_bus::read_after, and asks for the next wake.
    read_result read_after(std::uint64_t after, std::size_t max, std::vector<event>& out);
    void end() noexcept;

  private:
    friend class event_bus;
    struct reader;
    std::shared_ptr<reader> reader_;
  };

  /// `wake` is called after an event that was published after the subscription's last read, or before its
  /// first; once, until it reads again. On the publisher's thread: it must be quick and must not block. What
  /// was kept before subscribing wakes nobody: read first.
  subscription subscribe(std::function<void()> wake);

private:
  struct ring;
  std::shared_ptr<ring> ring_;
};

/// Appends one event as text/event-stream (id, event, data: JSON with seq, time, topic, kind, subject,
/// detail).
void append_event_stream(std::string& out, const event& e);

/// Appends what tells a reader that it missed events: `event: missed`, `data: {"missed":N}`; no id.
void append_missed_stream(std::string& out, std::uint64_t missed);

} // namespace tutti::runtime::telemetry
