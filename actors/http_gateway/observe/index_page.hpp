#pragma once
#include <string>

namespace tutti::actors::http_gateway {

/// A plain page that links the routes.
std::string index_page(const std::string& node);

} // namespace tutti::actors::http_gateway
