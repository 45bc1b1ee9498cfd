#pragma once
#include "services/cli/client/http_client.hpp"

#include <string>

/// Values of the command line and of the environment.
namespace tutti::services::cli {

/// "" when it is not set.
std::string variable(const char* name);

/// What is wrong with it, or "".
std::string check_json(const std::string& text);
std::string check_duration(const std::string& text);

/// Takes slashes off the end of the address. Throws `failure` when it cannot be used, or the token cannot.
void check_connection(http_options& to);

} // namespace tutti::services::cli
