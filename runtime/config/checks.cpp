#include "runtime/config/loading.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tutti::runtime::config {
namespace {

void check_memory(loading& to) {
  auto& s = to.out.settings;
  if (s.nodes.size() < 2)
    return;
  auto refuse = [&](const std::string& key, bool memory, std::string_view instead, std::string_view env) {
    if (memory && !to.wrong.contains(key))
      to.complain(
          key, to.place(key),
          fmt::format("\"memory\" works for one node only, and {} are configured; set {}, here or by {}",
                      s.nodes.size(), instead, env));
  };
  constexpr std::string_view both = "redis or postgres";
  refuse("cluster.coordination", s.cluster.coordination == provider::memory, both,
         "TUTTI_CLUSTER_COORDINATION");
  refuse("queue.provider", s.queue.provider == provider::memory, both, "QUEUE_PROVIDER");
  refuse("store.provider", s.store.provider == store_provider::memory, "postgres", "TUTTI_STORE_PROVIDER");
}

void check_stores(loading& to) {
  auto& s = to.out.settings;
  auto need = [&](const std::string& url_key, const std::string& url, std::string_view name,
                  std::string_view env, std::initializer_list<std::pair<const char*, bool>> users) {
    std::vector<std::string> by;
    for (auto& [key, uses] : users)
      if (uses)
        by.emplace_back(key);
    if (!by.empty() && url.empty() && !to.wrong.contains(url_key))
      to.complain(url_key, to.place(by.front()),
                  fmt::format("is missing: {} {} {}; set it in the file or by {}", fmt::join(by, ", "),
                              by.size() == 1 ? "is" : "are", name, env));
  };
  need("redis.url", s.redis.url, "redis", "REDIS_URL",
       {{"cluster.coordination", s.cluster.coordination == provider::redis},
        {"queue.provider", s.queue.provider == provider::redis}});
  need("postgres.url", s.postgres.url, "postgres", "DATABASE_URL",
       {{"cluster.coordination", s.cluster.coordination == provider::postgres},
        {"queue.provider", s.queue.provider == provider::postgres},
        {"store.provider", s.store.provider == store_provider::postgres},
        {"token_store.provider", s.token_store.provider == token_provider::postgres}});
}

void check_placement(loading& to) {
  auto& s = to.out.settings;
  if (s.cluster.coordination == provider::memory)
    return;
  std::set<role> roles;
  for (auto& n : s.nodes)
    roles.insert(n.roles.begin(), n.roles.end());
  auto placed = roles.size() * s.cluster.partitions;
  if (placed > max_placed && !to.wrong.contains("cluster.partitions"))
    to.complain("cluster.partitions", to.place("cluster.partitions"),
                fmt::format("{} partitions for each of the {} roles of the nodes are {}, and a cluster places "
                            "at most {}: at most {} partitions with these roles",
                            s.cluster.partitions, roles.size(), placed, max_placed, max_placed / roles.size()));
}

void check_tls(loading& to) {
  auto& s = to.out.settings;
  auto& tls = s.cluster.tls;
  if (tls.mode == tls_mode::off) {
    for (std::size_t i = 0; i < s.nodes.size(); ++i)
      if (auto key = to.node_key(i, "host"); !is_loopback(s.nodes[i].host) && !to.wrong.contains(key))
        to.complain(
            key, to.place(key),
            fmt::format("{} is not a loopback address, and cluster.tls.mode is \"off\": without TLS anybody "
                        "who reaches the port controls the node",
                        s.nodes[i].host));
    return;
  }
  if (s.nodes.size() < 2 || to.wrong.contains("cluster.tls.mode"))
    return;
  auto need = [&](const std::string& key, const std::string& value) {
    if (value.empty() && !to.wrong.contains(key))
      to.complain(
          key, to.place("cluster.tls.mode"),
          "is missing: several nodes talk over mutual TLS (or set cluster.tls.mode = \"off\" when all hosts "
          "are loopback)");
  };
  need("cluster.tls.certificate", tls.certificate);
  need("cluster.tls.key", tls.key);
  need("cluster.tls.ca", tls.ca);
}

void check_http(loading& to) {
  auto& s = to.out.settings;
  if (s.http.admin_token.empty() && !to.wrong.contains("http.admin_token"))
    for (std::size_t i = 0; i < s.nodes.size(); ++i)
      if (auto key = to.node_key(i, "http"); !is_loopback(s.nodes[i].http.host) && !to.wrong.contains(key))
        to.complain(
            key, to.place(key),
            fmt::format("{} is not a loopback address, which needs an admin token: set ADMIN_API_TOKEN or "
                        "http.admin_token",
                        to_string(s.nodes[i].http)));
  auto& own = s.nodes[to.own];
  if (to.own_is_known && s.metrics.port != 0 && s.metrics.port == own.http.port)
    to.complain(
        "metrics.port", to.place("metrics.port"),
        fmt::format("is the port of node {}'s http address too; that serves /metrics already", own.name));
}

bool same_host(const std::string& a, const std::string& b) {
  return a == b || ((a == "localhost" || b == "localhost") && is_loopback(a) && is_loopback(b));
}

bool wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

/// Nodes that stand on one machine (as far as their hosts tell) must not share a port.
void check_duplicates(loading& to) {
  struct listener {
    std::size_t node;
    std::string_view path;
    endpoint at;
  };
  auto& nodes = to.out.settings.nodes;
  std::vector<listener> all;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      if (!nodes[i].name.empty() && nodes[i].name == nodes[j].name) {
        auto key = to.node_key(i, "name");
        to.complain(key, to.place(key), "another [[node]] has that name");
        break;
      }
    all.push_back({i, "port", {nodes[i].host, nodes[i].port}});
    all.push_back({i, "http", nodes[i].http});
  }
  auto one_machine = [&](const listener& a, const listener& b) {
    auto& x = nodes[a.node].host;
    auto& y = nodes[b.node].host;
    return a.node == b.node || same_host(x, y) || (is_loopback(x) && is_loopback(y));
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      auto& a = all[i];
      auto& b = all[j];
      bool same_address = same_host(a.at.host, b.at.host) || wildcard(a.at.host) || wildcard(b.at.host);
      auto key = to.node_key(a.node, a.path);
      if (a.at.port != 0 && a.at.port == b.at.port && one_machine(a, b) && same_address
          && !to.wrong.contains(key))
        to.complain(key, to.place(key),
                    fmt::format("port {} is taken by {}", a.at.port, to.node_key(b.node, b.path)));
    }
}

void check_secrets(loading& to) {
  auto& s = to.out.settings;
  if (s.token_store.provider == token_provider::encrypted_file && s.token_store.encryption_key.empty()
      && !to.wrong.contains("token_store.encryption_key"))
    to.complain(
        "token_store.encryption_key", to.place("token_store.provider"),
        "is missing: token_store.provider is encrypted-file; set TOKEN_STORE_ENCRYPTION_KEY, for example "
        "to the output of: openssl rand -base64 32");
  if (s.apple_music.key.starts_with("-----BEGIN")) {
    auto need = [&](const std::string& key, const std::string& value, std::string_view env) {
      if (value.empty() && !to.wrong.contains(key))
        to.complain(key, to.place("apple_music.key"),
                    fmt::format("is missing: a PEM key needs it; set {}", env));
    };
    need("apple_music.key_id", s.apple_music.key_id, "APPLE_MUSIC_KEY_ID");
    need("apple_music.team_id", s.apple_music.team_id, "APPLE_MUSIC_TEAM_ID");
  }
}

} // namespace

void check_together(loading& to) {
  check_memory(to);
  check_stores(to);
  check_placement(to);
  check_tls(to);
  check_http(to);
  check_duplicates(to);
  check_secrets(to);
}

} // namespace tutti::runtime::config
