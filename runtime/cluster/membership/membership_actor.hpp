#pragma once
#include "runtime/cluster/leases/keeper.hpp"
#include "runtime/cluster/links/connector.hpp"
#include "runtime/cluster/membership/dial_list.hpp"
#include "runtime/cluster/membership/hello.hpp"
#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/membership/peer_table.hpp"
#include "runtime/cluster/membership/roster.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <caf/node_id.hpp>
#include <caf/result.hpp>

/// Internal: see membership.hpp.
namespace tutti::runtime::cluster {

using hello_atom = caf::atom_constant<caf::atom("hello")>;
using ping_atom = caf::atom_constant<caf::atom("ping")>;
using pong_atom = caf::atom_constant<caf::atom("pong")>;
using beat_tick = caf::atom_constant<caf::atom("beat")>;
using poll_tick = caf::atom_constant<caf::atom("poll")>;
using dial_tick = caf::atom_constant<caf::atom("dial")>;
using hello_answer = caf::result<hello_atom, std::string, caf::actor, caf::actor>;

class membership_actor final : public actor::metered {
public:
  membership_actor(caf::actor_config& cfg, actor::placement where, membership_options options);

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using timer_clock = caf::actor_clock::clock_type;

  // membership.cpp: this node
  void listen();
  void listening(const connector_listens& result);
  void publish_note();
  void set_leaving_to(bool leaving);
  void on_down(const caf::down_msg& down);
  void subscribe(const caf::actor& who);
  void update();
  void log_changes(const std::vector<member>& before) const;

  // peers.cpp: connections
  std::string my_hello() const;
  hello_answer greeted(const std::string& bytes, const caf::actor& membership, const caf::actor& router);
  caf::expected<hello> vetted(const std::string& bytes, const caf::actor& membership,
                              const caf::actor& router);
  void check_certificate(const hello& theirs, const caf::node_id& from,
                         std::function<void(const caf::error&)> then);
  caf::error admit(const member_info& info, const caf::actor& membership, const caf::actor& router,
                   const std::optional<node_address>& dialled);
  void drop_peer(peer& p, const caf::error& reason);
  void set_reachable(peer& p, const caf::error& reason); ///< no reason: it is
  void beat();
  void ponged();
  void dial();
  void arm_dial();
  void dialled(const address_dialled& result);
  void connected(const node_address& to, const caf::node_id& node, const caf::strong_actor_ptr& remote);
  void dial_failed(const node_address& to, const std::string& why);

  // poll.cpp: leases
  void poll_in(timer_clock::duration wait);
  void poll();
  void ask_page(const std::string& after);
  void took_leases();
  void check_name();
  caf::result<void> declare(const std::string& lost);

  timer_clock::duration ttl() const { return options_.lease_ttl; }
  /// From `least` to `most` of a thousandth of the TTL.
  timer_clock::duration part(int least, int most) {
    return ttl() * std::uniform_int_distribution<int>{least, most}(random_) / 1000;
  }
  template <class Message>
  void tell(const Message& message) {
    for (auto& s : subscribers_)
      send(s, message);
  }

  membership_options options_;
  std::minstd_rand random_{std::random_device{}()};
  std::vector<caf::actor> subscribers_;
  roster roster_;
  log_gate gate_;

  bool listens_ = false;
  member_note note_;                        ///< of this node
  std::shared_ptr<const held_lease> lease_; ///< null: lost, or not gained yet

  peer_table peers_;
  dial_list dials_;
  std::unique_ptr<connector> connector_;
  std::uint64_t beats_ = 0;
  std::optional<timer_clock::time_point> dial_at_; ///< a timer is set for then

  bool polling_ = false;
  bool poll_again_ = false;
  timer_clock::time_point poll_at_ = timer_clock::time_point::max();
  std::uint64_t poll_number_ = 0;
  std::vector<lease_state> page_;                        ///< pages so far
  std::optional<timer_clock::time_point> name_taken_at_; ///< since then another one holds this node's lease
};

} // namespace tutti::runtime::cluster
