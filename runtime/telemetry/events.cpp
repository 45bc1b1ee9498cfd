#include "runtime/telemetry/events.hpp"

#include "runtime/telemetry/text.hpp"
#include "runtime/wall_clock.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace tutti::runtime::telemetry {
namespace {

/// Details are of a size, mostly: the slot's memory is used again, unless it is a lot.
void keep(std::string& slot, std::string_view detail) noexcept {
  constexpr std::size_t usual = 256;
  try {
    if (slot.capacity() > usual && detail.size() <= usual)
      slot = std::string{};
    slot.assign(detail);
  } catch (const std::bad_alloc&) {
    slot.clear();
  }
}

/// Events copied per lock: a reader that catches up must not hold up publishers for long.
constexpr std::size_t slice = 32;

} // namespace

std::string_view to_string(topic t) noexcept {
  switch (t) {
  case topic::job:
    return "job";
  case topic::actor:
    return "actor";
  case topic::member:
    return "member";
  case topic::player:
    return "player";
  case topic::node:
    return "node";
  }
  return "unknown";
}

struct event_bus::subscription::reader {
  std::shared_ptr<ring> source;
  // Recursive, so that a callback may end its own subscription.
  std::recursive_mutex calling;
  bool ended = false;
  std::function<void()> wake;

  void call() noexcept {
    std::lock_guard guard{calling};
    if (ended)
      return;
    try {
      wake();
    } catch (...) { // a reader that cannot be woken must not hurt the publisher
    }
  }
};

struct event_bus::ring {
  using reader_ptr = std::shared_ptr<subscription::reader>;

  mutable std::mutex mutex;
  std::vector<event> events; // number n is at (n - 1) % capacity
  std::uint64_t last = 0;
  std::size_t capacity;
  mutable std::vector<std::weak_ptr<subscription::reader>> armed; // waiting for the next event

  explicit ring(std::size_t n) : capacity(std::max<std::size_t>(n, 1)) { events.resize(capacity); }

  std::uint64_t oldest() const noexcept { return last > capacity ? last - capacity + 1 : 1; }

  read_result read(std::uint64_t after, std::size_t max, std::vector<event>& out,
                   const reader_ptr& arm) const {
    read_result result;
    result.last = after;
    std::unique_lock lock{mutex};
    if (after > last) {
      result.reset = true;
      result.last = 0;
    }
    for (bool copied = false;; copied = true) {
      if (result.last + 1 < oldest()) {
        if (copied) // overtaken between two slices: the next read reports the gap where it is
          break;
        // From 0 nothing was asked for in particular, so nothing is missed.
        if (result.last > 0)
          result.missed += oldest() - 1 - result.last;
        result.last = oldest() - 1;
      }
      auto n = std::min({slice, max, static_cast<std::size_t>(last - result.last)});
      for (std::size_t i = 0; i < n; ++i)
        out.push_back(events[result.last++ % capacity]);
      max -= n;
      if (max == 0 || result.last == last)
        break;
      lock.unlock();
      lock.lock();
    }
    result.more = result.last < last;
    if (arm)
      arm_locked(arm);
    return result;
  }

  void arm_locked(const reader_ptr& who) const {
    for (auto& one : armed)
      if (!one.owner_before(who) && !who.owner_before(one))
        return;
    armed.push_back(who);
  }
};

event_bus::event_bus(std::size_t capacity) : ring_(std::make_shared<ring>(capacity)) {}

std::uint64_t event_bus::publish(topic about, event_kind kind, std::string_view subject,
                                 std::string_view detail) noexcept {
  if (detail.size() > max_detail)
    detail = {};
  decltype(ring::armed) due;
  std::uint64_t seq = 0;
  {
    std::lock_guard guard{ring_->mutex};
    seq = ++ring_->last;
    auto& slot = ring_->events[(seq - 1) % ring_->capacity];
    slot.seq = seq;
    slot.time_us = wall_time().count(); // under the lock, so that times follow numbers
    slot.topic = about;
    slot.kind = kind;
    slot.subject_size = static_cast<std::uint8_t>(std::min(subject.size(), slot.subject_bytes.size()));
    std::memcpy(slot.subject_bytes.data(), subject.data(), slot.subject_size);
    keep(slot.detail, detail);
    due.swap(ring_->armed);
  }
  for (auto& weak : due)
    if (auto reader = weak.lock())
      reader->call();
  return seq;
}

event_bus::read_result event_bus::read_after(std::uint64_t after, std::size_t max,
                                             std::vector<event>& out) const {
  return ring_->read(after, max, out, nullptr);
}

std::uint64_t event_bus::last_seq() const {
  std::lock_guard guard{ring_->mutex};
  return ring_->last;
}

event_bus::subscription event_bus::subscribe(std::function<void()> wake) {
  auto reader = std::make_shared<subscription::reader>();
  reader->source = ring_;
  reader->wake = std::move(wake);
  {
    std::lock_guard guard{ring_->mutex};
    std::erase_if(ring_->armed, [](auto& one) { return one.expired(); }); // of readers that came and went
    ring_->arm_locked(reader);
  }
  subscription result;
  result.reader_ = std::move(reader);
  return result;
}

event_bus::subscription& event_bus::subscription::operator=(subscription&& other) noexcept {
  if (this != &other) {
    end();
    reader_ = std::move(other.reader_);
  }
  return *this;
}

event_bus::read_result event_bus::subscription::read_after(std::uint64_t after, std::size_t max,
                                                           std::vector<event>& out) {
  if (!reader_)
    return {0, after, false, false};
  return reader_->source->read(after, max, out, reader_);
}

void event_bus::subscription::end() noexcept {
  auto gone = std::exchange(reader_, nullptr);
  if (!gone)
    return;
  std::lock_guard wait{gone->calling};
  gone->ended = true; // the callback itself goes with the reader: it may be what is running
}

void append_event_stream(std::string& out, const event& e) {
  auto number = std::to_string(e.seq);
  out += "id: ";
  out += number;
  out += "\nevent: ";
  append_line_escaped(out, e.kind);
  out += "\ndata: {\"seq\":";
  out += number;
  out += ",\"time\":\"";
  append_rfc3339(out, e.time_us);
  out += "\",\"topic\":\"";
  out += to_string(e.topic);
  out += "\",\"kind\":\"";
  append_json_escaped(out, e.kind);
  out += "\",\"subject\":\"";
  append_json_escaped(out, e.subject());
  out += '"';
  if (!e.detail.empty()) {
    out += ",\"detail\":";
    auto start = out.size();
    // A line break in JSON text is mere white space, but would end the data line.
    out += to_utf8(e.detail);
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
  }
  out += "}\n\n";
}

void append_missed_stream(std::string& out, std::uint64_t missed) {
  out += "event: missed\ndata: {\"missed\":";
  out += std::to_string(missed);
  out += "}\n\n";
}

} // namespace tutti::runtime::telemetry
