#pragma once
#include "runtime/config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

namespace tutti::runtime::cluster {

/// What is wrong with the files of [cluster.tls], a line each for people; empty: this node can use them now.
std::vector<std::string> check_certificates(const config::tls_settings& tls, const std::string& node);

/// Whom a certificate names, a line each: subject alternative names (DNS, URI) and common names. Those that
/// no node can have are left out.
std::string names_of(const X509* certificate);
/// `names`: of names_of. "*" stands for every node.
bool names_node(std::string_view names, std::string_view node);

} // namespace tutti::runtime::cluster
