#pragma once
#include "services/redis/client.hpp"

#include <functional>
#include <string>
#include <vector>

namespace tutti::services::redis {

/// Asks what could make the server lose data that it has accepted: persistence and eviction. `done` gets a
/// sentence for each finding, none when all is well; that something could not be checked is a finding too.
/// Called as completions are.
void check_durability(client& of, client::clock::time_point deadline,
                      std::function<void(std::vector<std::string>)> done);

/// The same, of the answers to CONFIG GET for appendonly, appendfsync and maxmemory-policy.
std::vector<std::string> durability_findings(const batch_result& answers);

} // namespace tutti::services::redis
