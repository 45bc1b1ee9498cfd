#pragma once
#include "runtime/cluster/placement/placement.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tutti::runtime::cluster {

/// A plan's moves for people, a sentence for each lost or leaving owner and for each reason:
/// "b was lost (its lease ended); 86 partitions moved to a, c". `why_lost` gives the words in brackets.
std::vector<std::string> describe_moves(const std::vector<planned_move>& moves,
                                        const std::function<std::string(const lease_holder&)>& why_lost);

} // namespace tutti::runtime::cluster
