#pragma once
#include "runtime/cluster/links/address.hpp"
#include "runtime/cluster/links/tls_link.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/io/fwd.hpp>

namespace tutti::runtime::cluster {

/// To the owner, once. `why` not empty: it cannot listen, and does nothing more.
struct connector_listens {
  std::uint16_t port = 0;
  std::string why;
};
/// To the owner, for each dial(). `link` null: no connection, see `why`.
struct address_dialled {
  node_address to;
  caf::io::scribe_ptr link;
  std::string why;
};

/// Listens, dials and shakes hands on a thread of its own, so that only authenticated connections reach CAF's
/// network thread, and no stranger and no dead host can hold that up. (CAF dials one after the other with the
/// kernel's timeout, minutes for a host that has lost its power.)
///
/// Names of hosts are looked up apart, so that a dead name server holds up those only.
///
/// Accepted connections go to CAF's broker, as connections to `owner`; dialled ones to the owner.
class connector {
public:
  static constexpr std::chrono::milliseconds connect_patience{1'000};   ///< for each address of a name
  static constexpr std::chrono::milliseconds handshake_patience{3'000}; ///< from then, or from accepting, on
  static constexpr std::size_t max_strangers =
      128; ///< accepted, not authenticated; then the oldest is closed

  /// Listens at `at` only; port 0: any free one.
  connector(caf::actor_system& system, caf::actor owner, node_address at, tls_context tls);
  /// As stop(), and waits for the thread: briefly, but for a name server that is asked where to listen.
  ~connector();
  connector(const connector&) = delete;
  connector& operator=(const connector&) = delete;

  void dial(std::vector<node_address> to);
  void stop() noexcept;

private:
  class loop;
  std::unique_ptr<loop> loop_;
};

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::connector_listens)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::address_dialled)
