#include "services/postgres/failure.hpp"

namespace tutti::services::postgres {

using runtime::ec;

ec classify(std::string_view sqlstate) noexcept {
  // Insufficient resources, operator intervention, lost connections, conflicts between transactions, locks,
  // and a server that is read-only because another one leads now: all may pass.
  for (auto state : {"40001", "40P01", "25006", "25P03", "55P03", "57014"})
    if (sqlstate == state)
      return ec::unavailable;
  if (sqlstate == "42501" || refuses_login(sqlstate)) // insufficient privilege
    return ec::rejected;
  auto group = sqlstate.substr(0, 2);
  if (sqlstate.empty() || group == "08" || group == "53" || group == "57" || group == "58")
    return ec::unavailable;
  if (group == "23") // integrity constraints
    return ec::conflict;
  if (group == "22" || group == "P0") // data exceptions, RAISE
    return ec::rejected;
  return ec::failed; // SQL of ours that is wrong
}

bool spoils_connection(std::string_view sqlstate) noexcept {
  return sqlstate == "25006" || sqlstate == "26000" || sqlstate == "0A000";
}

bool refuses_login(std::string_view sqlstate) noexcept {
  return sqlstate.starts_with("28") || sqlstate == "3D000";
}

std::string_view to_string(fate f) noexcept {
  switch (f) {
  case fate::not_sent:
    return "not_sent";
  case fate::rolled_back:
    return "rolled_back";
  case fate::unknown:
    return "unknown";
  }
  return "unknown";
}

} // namespace tutti::services::postgres
