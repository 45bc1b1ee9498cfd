#include "runtime/cluster/leases/store.hpp"
#include "runtime/cluster/membership/membership_actor.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tutti::runtime::cluster {
namespace {

constexpr std::uint32_t page_size = 500;

} // namespace

/// At once where several things happen together means once.
void membership_actor::poll_in(timer_clock::duration wait) {
  auto now = clock().now();
  auto at = now + std::max(wait, ttl() / 100);
  if (!listens_ || at >= poll_at_)
    return;
  poll_at_ = at;
  delayed_send(this, at - now, poll_tick::value, ++poll_number_);
}

void membership_actor::poll() {
  poll_at_ = timer_clock::time_point::max();
  if (std::exchange(polling_, true)) {
    poll_again_ = true;
    return;
  }
  page_.clear();
  ask_page({});
}

void membership_actor::ask_page(const std::string& after) {
  auto patience = lease_store_options{options_.lease_ttl}.call_timeout() * 5 / 4;
  request(options_.leases, patience, list_leases{member_prefix, after, page_size})
      .then(
          [this](lease_page& page) {
            std::move(page.leases.begin(), page.leases.end(), std::back_inserter(page_));
            if (page.more && !page.leases.empty())
              return ask_page(page_.back().name);
            took_leases();
          },
          [this](const caf::error& reason) {
            polling_ = poll_again_ = false;
            if (gate_.opens("poll", clock().now()))
              telemetry::get().warn("membership.poll_failed reason={}", runtime::describe(reason));
            update(); // its own lease may be over
            poll_in(part(200, 300));
          });
}

void membership_actor::took_leases() {
  polling_ = false;
  roster_.take_leases(page_);
  if (roster_.declared_dead(options_.self))
    return quit(make_error(ec::rejected, "node '" + options_.self.name
                                             + "' was declared dead while it was down; start it anew"));
  check_name();
  update();
  std::set<node_address> named;
  for (auto& m : roster_.members())
    if (m.state != member_state::down && m.info.port != 0)
      named.emplace(m.info.host, m.info.port);
  dials_.replace(named, clock().now());
  dial();
  // A lease that is not renewed is seen to end when it does.
  auto wait = part(225, 275);
  for (auto& l : page_)
    if (l.left.count() > 0)
      wait = std::min<timer_clock::duration>(wait, l.left + std::chrono::milliseconds{2});
  page_.clear();
  poll_in(std::exchange(poll_again_, false) ? timer_clock::duration{} : wait);
}

void membership_actor::check_name() {
  auto& self = options_.self;
  auto i = std::find_if(page_.begin(), page_.end(),
                        [name = member_lease(self.name)](auto& l) { return l.name == name; });
  if (i == page_.end() || i->left.count() == 0 || i->holder == self.holder()) {
    name_taken_at_.reset();
    return;
  }
  auto note = wire::decode<member_note>(i->value);
  auto where = note ? note->info.host + ":" + std::to_string(note->info.port) : "an unknown address";
  auto now = clock().now();
  if (!name_taken_at_) {
    name_taken_at_ = now;
    telemetry::get().warn("member.name_held name={} by={} incarnation={} left_ms={}", self.name, where,
                          i->holder.incarnation, i->left.count() / 1000);
  }
  if (now - *name_taken_at_ >= ttl() * 2)
    quit(make_error(ec::rejected, "the name '" + self.name + "' is taken by a live node at " + where));
}

/// Through the store, so that all nodes learn it, those that come later too.
caf::result<void> membership_actor::declare(const std::string& lost) {
  auto life = roster_.lost_life(lost);
  if (!life)
    return life.error();
  auto promise = make_response_promise<caf::unit_t>();
  lease_claim claim;
  claim.name = death_lease(lost);
  claim.value = wire::encode(death_note{*life});
  auto patience = lease_store_options{options_.lease_ttl}.call_timeout() * 5 / 4;
  request(options_.leases, patience, acquire_leases{options_.self.holder(), {std::move(claim)}})
      .then(
          [this, promise, lost, life = *life](const leases_acquired& answer) mutable {
            if (answer.grants.at(0).outcome != acquired::granted) {
              promise.deliver(make_error(ec::unavailable, "another node has just declared a node '" + lost
                                                              + "' dead, or the lease store was away"));
              return;
            }
            telemetry::get().warn("member.declared_dead name={} incarnation={}", lost, life);
            poll_in({});
            promise.deliver(caf::unit);
          },
          [promise](caf::error& reason) mutable { promise.deliver(std::move(reason)); });
  return promise;
}

} // namespace tutti::runtime::cluster
