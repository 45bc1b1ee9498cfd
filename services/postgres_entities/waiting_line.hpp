#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace tutti::services::postgres_entities {

struct line_limits {
  std::size_t number = 0;
  std::size_t weight = 0;
};

/// Requests that wait for the next round trip, oldest first. A `Request` has `arrived` and `weight`.
template <class Request>
class waiting_line {
public:
  using time = std::chrono::steady_clock::time_point;

  explicit waiting_line(line_limits all) : all_(all) {}

  /// False: there is no room, and `one` is as it was. One that is heavier than all limits finds room alone.
  bool push(Request&& one) {
    if (waiting_.size() >= all_.number || (weight_ > 0 && weight_ + one.weight > all_.weight))
      return false;
    weight_ += one.weight;
    waiting_.push_back(std::move(one));
    return true;
  }

  bool empty() const noexcept { return waiting_.empty(); }

  std::vector<Request> take_older_than(time limit) {
    std::vector<Request> out;
    while (!waiting_.empty() && waiting_.front().arrived <= limit)
      out.push_back(pop());
    return out;
  }

  /// From the front, while they are within the limits (the first always is) and `joins`.
  template <class Joins>
  std::vector<Request> take(line_limits batch, Joins joins) {
    std::vector<Request> out;
    std::size_t weight = 0;
    while (!waiting_.empty() && out.size() < batch.number
           && (out.empty() || weight + waiting_.front().weight <= batch.weight) && joins(waiting_.front())) {
      weight += waiting_.front().weight;
      out.push_back(pop());
    }
    return out;
  }

private:
  Request pop() {
    auto one = std::move(waiting_.front());
    waiting_.pop_front();
    weight_ -= one.weight;
    return one;
  }

  line_limits all_;
  std::size_t weight_ = 0;
  std::deque<Request> waiting_;
};

} // namespace tutti::services::postgres_entities
