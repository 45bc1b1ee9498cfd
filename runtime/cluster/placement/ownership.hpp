#pragma once
#include "runtime/cluster/leases/held_lease.hpp"
#include "runtime/cluster/leases/table.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>

/// What the ownership actor of a node tells its host: the actor that runs the entities (runtime/entity).
namespace tutti::runtime::cluster {

/// Plain message. The table that is in force: who is to own what. A partition that it does not name has no
/// owner. Comes in the order of the versions.
struct table_changed {
  std::shared_ptr<const partition_table> table;
};

/// Plain message. This node owns the partition by this lease from now on, and its fence stands: activate.
/// The lease itself says for how long, see held_lease.
struct partition_opened {
  std::string role;
  std::uint32_t partition = 0;
  std::shared_ptr<const held_lease> lease;
};
/// CAF request → partition_closed when the last entity has ended and its last write with it. Messages that
/// come meanwhile wait for the next owner.
struct close_partition {
  std::string role;
  std::uint32_t partition = 0;
};
struct partition_closed {};
/// Plain message. The lease is lost: end its entities at once, save nothing.
struct partition_lost {
  std::string role;
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
};

} // namespace tutti::runtime::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::table_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::close_partition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::cluster::partition_lost)
