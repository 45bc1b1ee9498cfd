#include "runtime/cluster/placement/solo.hpp"

#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/error.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include <caf/event_based_actor.hpp>

namespace tutti::runtime::cluster {
namespace {

using std::chrono::milliseconds;
using raise_again = caf::atom_constant<caf::atom("raise")>;

constexpr milliseconds fence_patience{5'000}, first_retry{250}, longest_retry{10'000};

struct solo_state {
  static constexpr const char* name = "solo-owner";
  solo_state() = default;
  caf::actor host, fences;
  std::vector<store::fence> closed; ///< not opened yet
  unsigned failures = 0;            ///< in a row
  std::minstd_rand random{std::random_device{}()};
};
using solo = actor::stateful<solo_state>;

milliseconds retry_delay(solo_state& st) {
  auto whole = std::min(longest_retry, first_retry * (1U << std::min(st.failures++, 10U)));
  return milliseconds{
      std::uniform_int_distribution<milliseconds::rep>{whole.count() / 2, whole.count()}(st.random)};
}

void raise_all(solo* self) {
  auto& st = self->state;
  if (st.closed.empty())
    return;
  std::vector<store::fence> now{
      st.closed.begin(),
      st.closed.begin() + static_cast<std::ptrdiff_t>(std::min(st.closed.size(), store::max_store_batch))};
  self->request(st.fences, fence_patience, store::raise_fences{now})
      .then(
          [self, now](const store::fences_raised& got) {
            self->state.failures = 0;
            auto& left = self->state.closed;
            left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(now.size()));
            for (std::size_t i = 0; i < now.size() && i < got.standing.size(); ++i) {
              if (got.standing[i] > now[i].epoch) { // a clock that went back
                left.push_back({now[i].role, now[i].partition, got.standing[i] + 1});
                continue;
              }
              auto lease =
                  std::make_shared<held_lease>(partition_lease(now[i].role, now[i].partition), now[i].epoch,
                                               held_lease::time::max(), lease_clock::boot());
              self->send(self->state.host, partition_opened{now[i].role, now[i].partition, std::move(lease)});
            }
            raise_all(self);
          },
          [self](const caf::error& reason) {
            telemetry::get().warn("solo.fences_not_raised reason={}", runtime::describe(reason));
            self->delayed_send(self, retry_delay(self->state), raise_again::value);
          });
}

caf::behavior solo_owner(solo* self, caf::actor host, caf::actor fences, std::vector<store::fence> closed) {
  self->state.host = std::move(host);
  self->state.fences = std::move(fences);
  self->state.closed = std::move(closed);
  raise_all(self);
  return {[self](raise_again) { raise_all(self); }};
}

} // namespace

caf::actor spawn_solo_owner(caf::event_based_actor& parent, actor::placement at, caf::actor host,
                            caf::actor fences, std::vector<std::string> roles, std::uint32_t partitions,
                            std::uint64_t first_epoch) {
  std::vector<store::fence> closed;
  for (auto& role : roles)
    for (std::uint32_t p = 0; p < partitions; ++p)
      closed.push_back({role, p, first_epoch});
  return actor::spawn_stateful<solo_state>(parent, std::move(at), 0, solo_owner, std::move(host),
                                           std::move(fences), std::move(closed));
}

} // namespace tutti::runtime::cluster
