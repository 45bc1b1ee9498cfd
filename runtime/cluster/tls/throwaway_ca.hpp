#pragma once
#include "runtime/config/settings.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace tutti::runtime::cluster {

/// For `tutti demo` and tests: a new CA, whose key is kept nowhere, and a certificate of it for each node. In
/// the folder, which must exist: ca.crt, NODE.crt, NODE.key (readable by the owner only). EC P-256. Throws
/// std::runtime_error when a file cannot be written.
void make_throwaway_ca(const std::filesystem::path& folder, const std::vector<std::string>& nodes,
                       std::chrono::seconds valid = std::chrono::hours{24 * 7});

/// The settings for one of these nodes.
config::tls_settings throwaway_tls(const std::filesystem::path& folder, const std::string& node);

} // namespace tutti::runtime::cluster
