#include "runtime/jobs/memory/keys.hpp"

namespace tutti::runtime::jobs::memory {

fingerprint key_index::digest(std::string_view key) noexcept {
  return combine(fingerprint{}, key);
}

std::optional<key_index::known> key_index::find(std::string_view key) const {
  auto i = ids_.find(digest(key));
  if (i == ids_.end())
    return std::nullopt;
  known out{i->second, std::nullopt};
  if (auto g = gone_.find(i->second); g != gone_.end())
    out.gone = std::pair{g->second.body, g->second.status};
  return out;
}

void key_index::keep(std::string_view key, job_id id, fingerprint body, job_status status, unix_ms expires) {
  gone_.insert_or_assign(id, gone_job{digest(key), body, status});
  expiry_.emplace_back(expires, id);
}

void key_index::trim(unix_ms now, std::size_t max, std::size_t at_most) {
  for (; at_most > 0 && !expiry_.empty() && (expiry_.front().first <= now || expiry_.size() > max);
       --at_most) {
    auto id = expiry_.front().second;
    expiry_.pop_front();
    if (auto g = gone_.find(id); g != gone_.end()) {
      ids_.erase(g->second.key);
      gone_.erase(g);
    }
  }
}

} // namespace tutti::runtime::jobs::memory
