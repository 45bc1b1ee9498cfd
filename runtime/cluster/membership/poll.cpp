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
  request(options_.leases, patience, list_leases{member_lease(""), after, page_size})
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

} // namespace tutti::runtime::cluster
