#include "services/http/answer_queue.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::http {
namespace {

std::uint64_t bit_of(std::uint64_t number) noexcept {
  return std::uint64_t{1} << (number % answer_queue::capacity);
}

} // namespace

owed_answer& answer_queue::push() {
  if (size() == ring_.size()) {
    std::vector<owed_answer> larger(std::max<std::size_t>(1, ring_.size() * 2));
    for (auto number = first_; number != next_; ++number)
      larger[number & (larger.size() - 1)] = std::move(ring_[number & (ring_.size() - 1)]);
    ring_ = std::move(larger);
  }
  abandoned_.fetch_and(~bit_of(next_), std::memory_order_relaxed);
  ++next_;
  return back();
}

owed_answer* answer_queue::find(std::uint64_t number) noexcept {
  return number >= first_ && number < next_ ? &at(number - first_) : nullptr;
}

void answer_queue::pop_front() noexcept {
  front() = {};
  ++first_;
  publish();
}

void answer_queue::pop_back() noexcept {
  back() = {};
  --next_;
}

void answer_queue::clear() noexcept {
  while (!empty())
    pop_front();
}

void answer_queue::shrink() noexcept {
  if (empty() && ring_.size() > 1)
    ring_ = {};
}

void answer_queue::abandon(std::uint64_t number) noexcept {
  abandoned_.fetch_or(bit_of(number), std::memory_order_release);
}

bool answer_queue::abandoned(std::uint64_t number) const noexcept {
  return number < done_.load(std::memory_order_acquire)
         || (abandoned_.load(std::memory_order_acquire) & bit_of(number)) != 0;
}

} // namespace tutti::services::http
