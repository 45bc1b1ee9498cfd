#include "runtime/cluster/membership/hello.hpp"

#include "runtime/error.hpp"
#include "runtime/wire/codec.hpp"

namespace tutti::runtime::cluster {
namespace {

std::string range(std::uint64_t oldest, std::uint64_t newest) {
  return std::to_string(oldest) + " to " + std::to_string(newest);
}

} // namespace

std::string encode_hello(const hello& x, std::uint64_t newest, std::uint64_t oldest) {
  std::string out;
  wire::writer to{out};
  to.number(newest);
  to.number(oldest);
  wire::encode(out, x);
  return out;
}

caf::expected<hello> decode_hello(std::string_view bytes) {
  wire::reader from{bytes};
  auto newest = from.number(), oldest = from.number();
  if (from.ok() && (newest < oldest_protocol || oldest > newest_protocol))
    return make_error(ec::rejected, "no common protocol: one node speaks " + range(oldest, newest)
                                        + ", the other " + range(oldest_protocol, newest_protocol));
  hello out;
  from.get(out);
  if (!from.ok() || out.node.name.empty() || out.node.incarnation == 0)
    return make_error(ec::malformed, "a hello that is none");
  return out;
}

caf::error check_hello(const hello& mine, const hello& theirs) {
  if (mine.cluster != theirs.cluster)
    return make_error(ec::rejected, "node '" + theirs.node.name + "' is of cluster '" + theirs.cluster
                                        + "', node '" + mine.node.name + "' of '" + mine.cluster + "'");
  if (mine.lease_ttl_ms != theirs.lease_ttl_ms)
    return make_error(ec::rejected, "node '" + theirs.node.name + "' has cluster.lease_ttl "
                                        + std::to_string(theirs.lease_ttl_ms) + " ms, node '" + mine.node.name
                                        + "' " + std::to_string(mine.lease_ttl_ms) + " ms");
  if (mine.node.name == theirs.node.name)
    return make_error(ec::rejected, "the name '" + mine.node.name + "' is taken: it is the node at "
                                        + mine.node.host + ":" + std::to_string(mine.node.port));
  return {};
}

} // namespace tutti::runtime::cluster
