#include "services/postgres/connection/address.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace tutti::services::postgres {
namespace {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  for (;;) {
    auto comma = text.find(',');
    out.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos)
      return out;
    text.remove_prefix(comma + 1);
  }
}

/// libpq's rule: one port for all hosts, or one for each.
std::string at_or_only(const std::vector<std::string>& values, std::size_t i) {
  return values.size() == 1 ? values.front() : i < values.size() ? values[i] : "";
}

} // namespace

std::optional<address> address::parse(const std::string& url) {
  char* words = nullptr;
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options{PQconninfoParse(url.c_str(), &words),
                                                                       &PQconninfoFree};
  PQfreemem(words);
  if (!options)
    return std::nullopt;
  address out;
  std::string names, numbers, ports;
  for (auto* o = options.get(); o->keyword; ++o) {
    if (!o->val)
      continue;
    std::string_view key = o->keyword;
    if (key == "host")
      names = o->val;
    else if (key == "hostaddr")
      numbers = o->val;
    else if (key == "port")
      ports = o->val;
    else
      out.others_.emplace_back(key, o->val);
  }
  auto name_list = split_list(names), number_list = split_list(numbers), port_list = split_list(ports);
  for (std::size_t i = 0; i < std::max(name_list.size(), number_list.size()); ++i)
    out.hosts.push_back({i < name_list.size() ? name_list[i] : "", at_or_only(port_list, i),
                         i < number_list.size() ? number_list[i] : ""});
  return out;
}

std::vector<std::pair<std::string, std::string>>
address::parameters(const std::vector<host>& resolved) const {
  std::string names, numbers, ports;
  for (auto& h : resolved) {
    auto* comma = &h == &resolved.front() ? "" : ",";
    names += comma + h.name;
    numbers += comma + h.numeric;
    ports += comma + h.port;
  }
  // What the URL says comes later and wins.
  std::vector<std::pair<std::string, std::string>> out{
      {"application_name", "tutti"}, // as pg_stat_activity shows it
      {"gssencmode", "disable"},     // looking for a Kerberos ticket may block
      {"keepalives_idle", "30"},     {"keepalives_interval", "5"},
      {"keepalives_count", "3"},     {"tcp_user_timeout", "20000"},
  };
  out.insert(out.end(), others_.begin(), others_.end());
  out.insert(out.end(),
             {{"host", names}, {"hostaddr", numbers}, {"port", ports}, {"client_encoding", "UTF8"}});
  return out;
}

} // namespace tutti::services::postgres
