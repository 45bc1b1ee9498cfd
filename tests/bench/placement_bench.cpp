#include "runtime/cluster/placement/placement.hpp"
#include "tests/bench/bench.hpp"

#include <algorithm>
#include <string>

/// How long a plan takes and how much it moves: a cluster at the bounds, and the fourth node of three.
namespace {

using namespace tutti;
using namespace tutti::runtime::cluster;

placement_order order_of(std::size_t members, std::uint32_t partitions,
                         const std::vector<std::string>& roles) {
  placement_order out;
  out.partitions = partitions;
  out.live_moves = max_table_entries;
  for (auto& role : roles)
    for (std::size_t m = 0; m < members; ++m)
      out.roles[role].push_back({{"node-" + std::to_string(m), 1}, false});
  return out;
}

/// The best of some; the plan that came of it.
placement_plan measure(const char* of, const partition_table& table, const placement_order& order) {
  double best = 1e9;
  placement_plan made;
  for (int i = 0; i < 5; ++i) {
    bench::stopwatch watch;
    made = plan(table, order);
    best = std::min(best, watch.seconds());
  }
  bench::report("plan", of, best * 1e3, "ms");
  bench::report("moved", of, static_cast<double>(made.moves.size()), "partitions");
  return made;
}

} // namespace

int main() {
  partition_table large{1, 1,
                        measure("1,000 nodes x 65,536, new", {}, order_of(1000, 65'536, {"all"})).entries};
  measure("1,000 nodes x 65,536, unchanged", large, order_of(1000, 65'536, {"all"}));
  measure("1,000 nodes x 65,536, one more", large, order_of(1001, 65'536, {"all"}));
  measure("1,000 nodes x 65,536, one lost", large, order_of(999, 65'536, {"all"}));
  measure("1,000 nodes x 65,536, half lost", large, order_of(500, 65'536, {"all"}));

  const std::vector<std::string> roles{"api", "audio", "crawler", "shard", "spotify", "worker"};
  partition_table small{1, 1, measure("3 nodes x 6 x 256, new", {}, order_of(3, 256, roles)).entries};
  measure("3 nodes x 6 x 256, a fourth", small, order_of(4, 256, roles));
  bench::report("fewest", "3 nodes x 6 x 256, a fourth", 6 * 256 / 4, "partitions");
}
