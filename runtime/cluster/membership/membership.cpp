#include "runtime/cluster/membership/membership_actor.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/wall_clock.hpp"
#include "runtime/wire/codec.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/message_view.hpp>

namespace tutti::runtime::cluster {
namespace {

constexpr std::uint64_t mailbox_limit = 10'000;

} // namespace

membership_actor::membership_actor(caf::actor_config& cfg, actor::placement where, membership_options options)
    : metered(cfg, std::move(where), "membership", mailbox_limit), options_(std::move(options)),
      roster_(member_note{options_.self}), note_{options_.self}, dials_(random_()) {}

caf::behavior membership_actor::make_behavior() {
  monitor(options_.leases);
  monitor(options_.keeper);
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  // From other nodes, perhaps newer ones: no reason to end.
  set_error_handler([this](const caf::error& reason) {
    if (gate_.opens("error", clock().now()))
      telemetry::get().warn("membership.error_received reason={}", runtime::describe(reason));
  });
  set_default_handler([this](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
    if (gate_.opens("unknown", clock().now()))
      telemetry::get().warn("membership.unknown_message");
    return caf::sec::unexpected_message;
  });
  listen();
  return {
      [this](hello_atom, const std::string& bytes, const caf::actor& membership, const caf::actor& router) {
        return greeted(bytes, membership, router);
      },
      [this](ping_atom, std::uint64_t number) {
        send(caf::actor_cast<caf::actor>(current_sender()), pong_atom::value, number);
      },
      [this](pong_atom, std::uint64_t) { ponged(); },
      [this](subscribe_members) { subscribe(caf::actor_cast<caf::actor>(current_sender())); },
      [this](set_leaving) { set_leaving_to(true); },
      [this](set_up) { set_leaving_to(false); },
      [this](const declare_down& order) { return declare(order.name); },
      [this](lease_gained& gained) {
        lease_ = std::move(gained.lease);
        publish_note();
        update();
        poll_in({});
      },
      [this](const lease_lost& lost) {
        if (!lease_ || lease_->epoch() != lost.epoch)
          return;
        lease_ = nullptr;
        telemetry::get().warn("member.lease_lost epoch={}", lost.epoch);
        update();
        poll_in({});
      },
      [this](const connector_listens& result) { listening(result); },
      [this](const address_dialled& result) { dialled(result); },
      [this](beat_tick) { beat(); },
      [this](dial_tick) {
        dial_at_.reset();
        dial();
      },
      [this](poll_tick, std::uint64_t number) {
        if (number == poll_number_)
          poll();
      },
  };
}

void membership_actor::on_exit() {
  if (connector_) { // its thread may still ask a name server
    connector_->stop();
    system().spawn<caf::detached>(
        [c = std::shared_ptr<connector>{std::move(connector_)}]() mutable { c.reset(); });
  }
  peers_.clear();
  subscribers_.clear();
  lease_ = nullptr;
  options_.router = options_.leases = options_.keeper = nullptr;
}

void membership_actor::listen() {
  auto tls = load_tls(options_.tls);
  if (!tls)
    return quit(tls.error());
  connector_ = std::make_unique<connector>(system(), caf::actor_cast<caf::actor>(this),
                                           node_address{options_.self.host, options_.self.port}, *tls);
}

void membership_actor::listening(const connector_listens& result) {
  auto& self = options_.self;
  if (!result.why.empty())
    return quit(make_error(ec::rejected, "cannot listen on " + self.host + ":" + std::to_string(self.port)
                                             + " for other nodes: " + result.why));
  listens_ = true;
  self.port = note_.info.port = result.port;
  telemetry::get().info("member.listening host={} port={} tls={} incarnation={}", self.host, self.port,
                        options_.tls.mode == config::tls_mode::on ? "on" : "off", self.incarnation);
  auto now = clock().now();
  for (auto& a : options_.addresses)
    dials_.add({a.host, a.port}, now);
  dials_.connected({self.host, self.port}, self.name, now);
  publish_note();
  update();
  poll_in({});
  beat();
  dial();
}

/// The state that others see counts from now.
void membership_actor::publish_note() {
  note_.since_ms = wall_now();
  send(options_.keeper, keep_lease{member_lease(note_.info.name), wire::encode(note_)});
}

void membership_actor::set_leaving_to(bool leaving) {
  if (std::exchange(note_.leaving, leaving) == leaving)
    return;
  telemetry::get().info("member.leaving value={}", leaving);
  if (!listens_)
    return; // goes out with the first one
  publish_note();
  update();
}

void membership_actor::on_down(const caf::down_msg& down) {
  if (down.source == options_.leases || down.source == options_.keeper)
    return quit(make_error(ec::unavailable, std::string{"the lease "}
                                                + (down.source == options_.leases ? "store" : "keeper")
                                                + " ended: " + runtime::describe(down.reason)));
  if (auto* p = peers_.find(down.source))
    return drop_peer(
        *p, make_error(ec::unavailable, "the connection is lost: " + runtime::describe(down.reason)));
  std::erase_if(subscribers_, [&](auto& s) { return s == down.source; });
}

void membership_actor::subscribe(const caf::actor& who) {
  if (std::find(subscribers_.begin(), subscribers_.end(), who) == subscribers_.end()) {
    subscribers_.push_back(who);
    monitor(who);
  }
  send(who, members_changed{roster_.members()});
  for (auto& [name, p] : peers_)
    if (p.reachable)
      send(who, peer_up{p.info, p.router});
}

void membership_actor::update() {
  roster_.set_self(note_, lease_ && lease_->holds());
  auto before = roster_.members();
  if (!roster_.refresh(std::chrono::system_clock::now()))
    return;
  log_changes(before);
  tell(members_changed{roster_.members()});
}

void membership_actor::log_changes(const std::vector<member>& before) const {
  for (auto& m : roster_.members()) {
    bool same = std::any_of(before.begin(), before.end(), [&](auto& b) {
      return b.info.holder() == m.info.holder() && b.state == m.state;
    });
    if (!same)
      telemetry::get().info("member.changed name={} incarnation={} state={} why={}", m.info.name,
                            m.info.incarnation, to_string(m.state), m.why);
  }
}

caf::actor spawn_membership(caf::event_based_actor& parent, actor::placement at, membership_options options) {
  return caf::actor_cast<caf::actor>(parent.spawn<membership_actor>(std::move(at), std::move(options)));
}

} // namespace tutti::runtime::cluster
