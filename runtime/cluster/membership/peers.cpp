#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/membership/hello.hpp"
#include "runtime/cluster/membership/membership_actor.hpp"
#include "runtime/cluster/tls/certificates.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <caf/actor_system.hpp>

namespace tutti::runtime::cluster {
namespace {

constexpr std::chrono::seconds connect_patience{6}; ///< CAF gives up before, see configure_remoting
constexpr std::chrono::seconds hello_patience{3};
constexpr std::size_t most_shown = 200; ///< bytes of what a certificate says

std::string text_of(const node_address& at) {
  return at.first + ":" + std::to_string(at.second);
}

} // namespace

std::string membership_actor::my_hello() const {
  return encode_hello({options_.cluster, options_.self, options_.lease_ttl.count()});
}

hello_answer membership_actor::greeted(const std::string& bytes, const caf::actor& membership,
                                       const caf::actor& router) {
  if (!listens_)
    return make_error(ec::unavailable, "not ready yet");
  auto refused = [this](const caf::error& bad) {
    if (gate_.opens(runtime::words(bad), clock().now()))
      telemetry::get().warn("peer.refused reason={}", runtime::words(bad));
  };
  auto theirs = vetted(bytes, membership, router);
  if (!theirs) {
    refused(theirs.error());
    return theirs.error();
  }
  auto promise = make_response_promise<hello_atom, std::string, caf::actor, caf::actor>();
  check_certificate(*theirs, membership.node(),
                    [=, this, info = theirs->node](const caf::error& wrong) mutable {
                      auto bad = wrong ? wrong : admit(info, membership, router, std::nullopt);
                      if (bad)
                        refused(bad);
                      if (bad)
                        promise.deliver(bad);
                      else
                        promise.deliver(hello_atom::value, my_hello(), caf::actor_cast<caf::actor>(this),
                                        options_.router);
                    });
  return promise;
}

caf::expected<hello> membership_actor::vetted(const std::string& bytes, const caf::actor& membership,
                                              const caf::actor& router) {
  auto theirs = decode_hello(bytes);
  if (!theirs)
    return theirs;
  if (auto bad = check_hello({options_.cluster, options_.self, options_.lease_ttl.count()}, *theirs))
    return bad;
  // Handles of third nodes would be routed through this one.
  auto from = current_sender();
  if (!from || !membership || !router || membership.node() != from->node() || router.node() != from->node())
    return make_error(ec::malformed, "a hello with handles that are not its sender's");
  return theirs;
}

/// The certificate of the connection to that system must name the node that it says it is.
void membership_actor::check_certificate(const hello& theirs, const caf::node_id& from,
                                         std::function<void(const caf::error&)> then) {
  if (options_.tls.mode == config::tls_mode::off)
    return then({});
  auto& info = theirs.node;
  auto who = "node '" + info.name + "' at " + text_of({info.host, info.port});
  request(link_broker(system()), hello_patience, caf::get_atom_v, from)
      .then(
          [=, name = info.name](const caf::node_id&, std::string& names, std::uint16_t) {
            if (names_node(names, name))
              return then({});
            std::replace(names.begin(), names.end(), '\n', ' ');
            then(make_error(ec::rejected, who + " has the certificate of "
                                              + (names.empty() ? "no node" : names.substr(0, most_shown))));
          },
          [=](const caf::error& reason) { then(reason); });
}

/// `dialled`: that address led to it.
caf::error membership_actor::admit(const member_info& info, const caf::actor& membership,
                                   const caf::actor& router, const std::optional<node_address>& dialled) {
  auto now = clock().now();
  auto* known = peers_.find(info.name);
  if (known && known->info.incarnation != info.incarnation && known->reachable)
    return make_error(ec::rejected, "the name '" + info.name + "' is taken by the live node at "
                                        + known->info.host + ":" + std::to_string(known->info.port));
  if (!known || known->info.incarnation != info.incarnation || known->membership != membership
      || known->router != router) {
    if (known)
      drop_peer(*known, make_error(ec::unavailable, "it has started anew"));
    monitor(membership);
    auto& fresh = peers_.add({info, membership, router, now, true});
    telemetry::get().info("peer.up name={} incarnation={} at={}:{}", info.name, info.incarnation, info.host,
                          info.port);
    roster_.set_link(info, true);
    tell(peer_up{fresh.info, fresh.router});
    update();
    poll_in({});
  }
  dials_.connected({info.host, info.port}, info.name, now);
  if (dialled)
    dials_.connected(*dialled, info.name, now);
  return {};
}

void membership_actor::drop_peer(peer& p, const caf::error& reason) {
  auto name = p.info.name; // it ends here
  demonitor(p.membership);
  if (p.reachable)
    set_reachable(p, reason);
  peers_.remove(name);
  roster_.drop_link(name);
  dials_.lost(name, clock().now());
  update();
  poll_in({});
  arm_dial();
}

void membership_actor::set_reachable(peer& p, const caf::error& reason) {
  p.reachable = !reason;
  roster_.set_link(p.info, p.reachable);
  if (p.reachable) {
    telemetry::get().info("peer.up name={} incarnation={}", p.info.name, p.info.incarnation);
    tell(peer_up{p.info, p.router});
  } else {
    telemetry::get().warn("peer.down name={} incarnation={} reason={}", p.info.name, p.info.incarnation,
                          runtime::describe(reason));
    tell(peer_down{p.info.name, p.info.incarnation, reason});
  }
  update();
}

void membership_actor::beat() {
  delayed_send(this, ttl() / 5, beat_tick::value);
  auto now = clock().now();
  ++beats_;
  for (auto& [name, p] : peers_) {
    if (p.reachable && now - p.heard >= ttl() * 3 / 5)
      set_reachable(p, make_error(ec::timeout, "no answer to pings for "
                                                   + std::to_string(options_.lease_ttl.count() * 3 / 5)
                                                   + " ms"));
    send(p.membership, ping_atom::value, beats_);
  }
}

void membership_actor::ponged() {
  auto* p = peers_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
  if (!p)
    return;
  p->heard = clock().now();
  if (!p->reachable)
    set_reachable(*p, {});
}

void membership_actor::dial() {
  if (auto due = dials_.due(clock().now()); !due.empty())
    connector_->dial(std::move(due));
  arm_dial();
}

void membership_actor::arm_dial() {
  auto next = dials_.next();
  if (!listens_ || !next || (dial_at_ && *dial_at_ <= *next))
    return;
  dial_at_ = next;
  delayed_send(this, std::max<timer_clock::duration>(*next - clock().now(), {}), dial_tick::value);
}

void membership_actor::dialled(const address_dialled& result) {
  if (!result.link)
    return dial_failed(result.to, result.why);
  request(link_broker(system()), connect_patience, caf::connect_atom_v, result.link, result.to.second)
      .then([this, to = result.to](const caf::node_id& node, const caf::strong_actor_ptr& remote,
                                   const std::set<std::string>&) { connected(to, node, remote); },
            [this, to = result.to](const caf::error& reason) { dial_failed(to, runtime::describe(reason)); });
}

void membership_actor::connected(const node_address& to, const caf::node_id& node,
                                 const caf::strong_actor_ptr& remote) {
  if (node == system().node() && remote && remote->get() == this)
    return dials_.connected(to, options_.self.name, clock().now());
  if (node == system().node()) // CAF makes its ids of network cards and process ids
    return dial_failed(to, "it has the same CAF id: two nodes with one process id behind one MAC address");
  if (!remote)
    return dial_failed(to, "nobody is there yet");
  request(caf::actor_cast<caf::actor>(remote), hello_patience, hello_atom::value, my_hello(),
          caf::actor_cast<caf::actor>(this), options_.router)
      .then(
          [this, to](hello_atom, const std::string& bytes, const caf::actor& membership,
                     const caf::actor& router) {
            auto theirs = vetted(bytes, membership, router);
            if (!theirs)
              return dial_failed(to, runtime::words(theirs.error()));
            check_certificate(*theirs, membership.node(),
                              [=, this, info = theirs->node](const caf::error& wrong) {
                                if (auto bad = wrong ? wrong : admit(info, membership, router, to))
                                  dial_failed(to, runtime::words(bad));
                              });
          },
          [this, to](const caf::error& reason) {
            dial_failed(to, is(reason, ec::rejected) ? runtime::words(reason) : runtime::describe(reason));
          });
}

void membership_actor::dial_failed(const node_address& to, const std::string& why) {
  auto now = clock().now();
  if (gate_.opens(text_of(to) + why, now))
    telemetry::get().warn("peer.not_connected address={} reason={}", text_of(to), why);
  dials_.failed(to, now);
  arm_dial();
}

} // namespace tutti::runtime::cluster
