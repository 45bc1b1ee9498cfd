#include "runtime/jobs/memory/record.hpp"

#include <algorithm>

namespace tutti::runtime::jobs::memory {

void record_list::push_back(record& r) noexcept {
  r.prev = last_;
  r.next = nullptr;
  (last_ ? last_->next : first_) = &r;
  last_ = &r;
  ++size_;
}

void record_list::remove(record& r) noexcept {
  (r.prev ? r.prev->next : first_) = r.next;
  (r.next ? r.next->prev : last_) = r.prev;
  r.prev = r.next = nullptr;
  --size_;
}

record* record_list::pop_front() noexcept {
  auto* r = first_;
  if (r)
    remove(*r);
  return r;
}

void id_index::add(record& r) {
  auto& b = buckets_[bucket_of(r.id)];
  if (!b.records.empty() && b.records.back()->id > r.id)
    b.sorted = false;
  r.index_position = static_cast<std::uint32_t>(b.records.size());
  b.records.push_back(&r);
  ++size_;
}

void id_index::remove(record& r) {
  auto i = buckets_.find(bucket_of(r.id));
  auto& b = i->second;
  auto* last = b.records.back();
  b.records.pop_back();
  if (last != &r) {
    b.records[r.index_position] = last;
    last->index_position = r.index_position;
    b.sorted = false;
  }
  if (b.records.empty())
    buckets_.erase(i);
  --size_;
}

void id_index::sort(bucket& b) {
  if (b.sorted)
    return;
  std::sort(b.records.begin(), b.records.end(), [](auto* x, auto* y) { return x->id < y->id; });
  for (std::size_t i = 0; i < b.records.size(); ++i)
    b.records[i]->index_position = static_cast<std::uint32_t>(i);
  b.sorted = true;
}

} // namespace tutti::runtime::jobs::memory
