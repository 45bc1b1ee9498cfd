#pragma once
#include "runtime/cluster/leases/lease.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/entity/remote/frame.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/fwd.hpp>

namespace tutti::runtime::entity {

class peer_link;

/// Between routers, builtin types only: number of the frame, number of the last frame got from there, items.
/// Without items it only acknowledges, and has number 0.
using frame_atom = caf::atom_constant<caf::atom("frame")>;

/// To the own router: send what has gathered.
struct flush_link {
  std::shared_ptr<peer_link> link;
};

/// For send(), ask_node() and look_at_table(), which drops its word. Answers are never refused: how many
/// there can be, the bounds of the peer that asked for them say.
struct link_bounds {
  std::size_t outbox_bytes = 8U << 20U;     ///< gathered and not yet sent
  std::size_t open_asks = 100'000;          ///< sent and not yet answered
  std::uint64_t unacknowledged_frames = 32; ///< sent
};

/// One connection to one incarnation of a peer. Messages are encoded in their sender's thread and gather in
/// one outbox: while nothing is under way they go at once, else with the next frame. Thread-safe.
class peer_link final : public remote_owner, public std::enable_shared_from_this<peer_link> {
public:
  /// `router`: the own one; `remote`: the peer's.
  static std::shared_ptr<peer_link> make(caf::actor_system& sys, const entity_types& types,
                                         cluster::lease_holder peer, caf::actor router, caf::actor remote,
                                         link_bounds bounds = {});

  const cluster::lease_holder& peer() const noexcept { return peer_; }

  bool send(const entity_type& type, caf::mailbox_element_ptr& element, caf::execution_unit* host) override;
  /// A question to the peer's node itself: `to` gets a json_reply or an error; unavailable beyond the bounds.
  void ask_node(std::string_view service, std::string_view payload, std::uint64_t budget_ms,
                caf::strong_actor_ptr to, caf::message_id id, caf::execution_unit* host);
  void look_at_table(caf::execution_unit* host);
  /// Sender of what came from the peer: what is answered to it goes back there.
  const caf::strong_actor_ptr& reply_port() const noexcept { return reply_port_; }

  // By the router.
  void flush(caf::execution_unit* host);
  void received(std::uint64_t number, std::uint64_t acknowledged, caf::execution_unit* host);
  void answered(const reply_item& reply, caf::execution_unit* host);
  void failed(const failure_item& failure, caf::execution_unit* host);
  /// Now and then: who has not been answered in time gets ec::timeout.
  void expire(caf::execution_unit* host);
  /// For good. Who waits for an answer gets ec::timeout, or ec::unavailable if the question was not sent.
  void disconnect(const std::string& why);

  /// What the peer asked and was not handled, or the reply port got. Any thread.
  void reply(std::uint64_t id, const caf::type_erased_tuple& content, caf::execution_unit* host);
  void fail(std::uint64_t id, const caf::error& reason, caf::execution_unit* host);

private:
  struct open_ask {
    caf::strong_actor_ptr asker;
    caf::message_id id;
    const message_codec* reply = nullptr; ///< null: a json_reply
    call_clock::time_point deadline;      ///< then the asker has given up
  };

  peer_link(caf::actor_system& sys, const entity_types& types, cluster::lease_holder peer, caf::actor router,
            caf::actor remote, link_bounds bounds);
  // With the lock held.
  bool has_room() const; ///< for another question
  std::uint64_t remember(open_ask ask);
  void gathered(caf::execution_unit* host);
  void send_frame(caf::execution_unit* host);
  void give(const open_ask& to, caf::message answer, caf::execution_unit* host);
  bool take(std::uint64_t id, open_ask& out);

  caf::actor_clock& clock_;
  const entity_types& types_;
  const cluster::lease_holder peer_;
  const link_bounds bounds_;
  caf::strong_actor_ptr reply_port_;

  std::mutex lock_;
  caf::actor router_, remote_; ///< null: disconnected
  std::string outbox_;
  std::unordered_map<std::uint64_t, open_ask> open_;
  std::uint64_t last_ask_; ///< counts from a random number: answers to an earlier link find nobody
  std::uint64_t last_ask_sent_;
  std::uint64_t sent_ = 0, acknowledged_ = 0; ///< frames
  std::uint64_t got_ = 0, got_told_ = 0;      ///< numbers of the peer's
  bool flush_told_ = false;
};

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::flush_link)
