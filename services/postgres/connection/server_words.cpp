#include "services/postgres/connection/server_words.hpp"

#include <algorithm>

#include <libpq-fe.h>

namespace tutti::services::postgres {
namespace {

/// Lines joined by "; ", without those that only a developer of the server needs.
std::string one_line(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.starts_with("LOCATION:") || line.starts_with("This probably means")
        || line.starts_with("before or while"))
      continue;
    out += out.empty() ? "" : "; ";
    out += line;
  }
  return out;
}

std::string_view field(const pg_result* from, int code) noexcept {
  auto* text = PQresultErrorField(from, code);
  return text ? text : "";
}

} // namespace

std::string last_words(const pg_conn* connection) {
  auto text = one_line(PQerrorMessage(connection));
  return text.empty() ? "the connection was lost" : text;
}

failure failure_of(const pg_result* error) {
  failure out;
  out.fate = fate::rolled_back;
  out.sqlstate = field(error, PG_DIAG_SQLSTATE);
  out.code = classify(out.sqlstate);
  // The primary message only: the detail may contain values.
  out.text = field(error, PG_DIAG_MESSAGE_PRIMARY);
  if (out.text.empty())
    out.text = one_line(PQresultErrorMessage(error));
  if (!out.sqlstate.empty())
    out.text += " (" + out.sqlstate + ")";
  return out;
}

bool is_fatal(const pg_result* error) noexcept {
  auto severity = field(error, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

failure login_failure(const pg_conn* connection) {
  return parse_login_failure(last_words(connection));
}

failure parse_login_failure(std::string_view text) {
  failure out;
  out.text = one_line(text);
  // The last one: with several addresses, or with and without TLS, libpq tells all of its attempts.
  for (std::size_t at = out.text.size(); (at = out.text.rfind(":  ", at)) != std::string::npos && at > 0;
       --at) {
    auto state = out.text.substr(at + 3, 5);
    if (state.size() == 5 && out.text.compare(at + 8, 2, ": ") == 0
        && std::all_of(state.begin(), state.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); })) {
      if (out.sqlstate.empty())
        out.sqlstate = state;
      out.text.erase(at + 3, 7);
    }
  }
  out.code = classify(out.sqlstate);
  return out;
}

} // namespace tutti::services::postgres
