#pragma once
#include "runtime/config/settings.hpp"

#include <string>
#include <vector>

namespace tutti::runtime::cluster {

/// What is wrong with the files of [cluster.tls], a line each for people; empty: nodes can use them now. Ask
/// before an actor system is made with them: CAF ends the process over a file that it cannot read. They must
/// stay readable while it runs.
std::vector<std::string> check_certificates(const config::tls_settings& tls);

} // namespace tutti::runtime::cluster
