#include "services/postgres/statement/failure.hpp"

namespace tutti::services::postgres {

using runtime::ec;

ec classify(std::string_view sqlstate) noexcept {
  // All may pass: insufficient resources, operator intervention, lost connections, conflicts between
  // transactions, locks, a server that is read-only because another one leads now, a prepared statement that
  // the server forgot (the next connection prepares it again).
  for (auto state : {"40001", "40P01", "25006", "25P03", "26000", "55P03", "57014"})
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

} // namespace tutti::services::postgres
