#include "runtime/config/keys.hpp"

#include "runtime/config/codecs.hpp"

#include <chrono>

namespace tutti::runtime::config {
namespace {

using namespace std::chrono_literals;

/// The field that a row is about, as a function that takes a const or a mutable section.
#define TUTTI_FIELD(field)                                                                                   \
  [](auto& s) -> auto& {                                                                                     \
    return s.field;                                                                                          \
  }

template <class Section>
class rows {
public:
  template <class Field, class Rule = no_rule>
  void add(std::string_view path, Field field, Rule rule = {}, std::string_view env = {},
           secrecy hide = secrecy::open) {
    using type = std::remove_cvref_t<decltype(field(std::declval<Section&>()))>;
    key<Section> row{path, env, hide, {}, {}};
    row.assign = [=](Section& to, const raw& value) {
      return decode(value, static_cast<type&>(field(to)), rule, hide == secrecy::open ? shown(value) : "***");
    };
    row.texts = [=](const Section& from) { return encode(field(from)); };
    all.push_back(std::move(row));
  }

  std::vector<key<Section>> all;
};

using number = range<std::uint32_t>;
using port_number = range<std::uint16_t>;
using duration = range<milliseconds>;
constexpr std::uint32_t million = 1'000'000;

/// Timeouts: long enough to work at all, short enough to be one.
constexpr duration timeout{100ms, 1h};

void cluster_rows(rows<settings>& r) {
  r.add("cluster.name", TUTTI_FIELD(cluster.name), text_rule{check_name, true});
  r.add("cluster.seeds", TUTTI_FIELD(cluster.seeds));
  r.add("cluster.coordination", TUTTI_FIELD(cluster.coordination));
  r.add("cluster.partitions", TUTTI_FIELD(cluster.partitions), number{1, 65'536});
  r.add("cluster.lease_ttl", TUTTI_FIELD(cluster.lease_ttl), duration{1s, 5min});
  r.add("cluster.tls.mode", TUTTI_FIELD(cluster.tls.mode));
  r.add("cluster.tls.certificate", TUTTI_FIELD(cluster.tls.certificate), text_rule{});
  r.add("cluster.tls.key", TUTTI_FIELD(cluster.tls.key), text_rule{});
  r.add("cluster.tls.ca", TUTTI_FIELD(cluster.tls.ca), text_rule{});
  r.add("queue.provider", TUTTI_FIELD(queue.provider), no_rule{}, "QUEUE_PROVIDER");
  r.add("store.provider", TUTTI_FIELD(store.provider));
  r.add("redis.url", TUTTI_FIELD(redis.url), text_rule{check_redis_url}, "REDIS_URL", secrecy::url);
  r.add("redis.key_prefix", TUTTI_FIELD(redis.key_prefix), text_rule{check_prefix}, "REDIS_KEY_PREFIX");
  r.add("postgres.url", TUTTI_FIELD(postgres.url), text_rule{check_postgres_url}, "DATABASE_URL",
        secrecy::url);
}

void server_rows(rows<settings>& r) {
  r.add("http.threads", TUTTI_FIELD(http.threads), number{0, 64});
  r.add("http.max_connections", TUTTI_FIELD(http.max_connections), number{1, million});
  r.add("http.header_timeout", TUTTI_FIELD(http.header_timeout), timeout);
  r.add("http.body_timeout", TUTTI_FIELD(http.body_timeout), timeout);
  r.add("http.idle_timeout", TUTTI_FIELD(http.idle_timeout), timeout);
  r.add("http.request_timeout", TUTTI_FIELD(http.request_timeout), timeout);
  r.add("http.lend_threads", TUTTI_FIELD(http.lend_threads));
  r.add("http.rate_limit", TUTTI_FIELD(http.rate_limit), range<double>{0, million});
  r.add("http.admin_token", TUTTI_FIELD(http.admin_token), text_rule{check_header}, "ADMIN_API_TOKEN",
        secrecy::secret);
  r.add("jobs.concurrency", TUTTI_FIELD(jobs.concurrency), number{1, million});
  r.add("jobs.claim_ttl", TUTTI_FIELD(jobs.claim_ttl), duration{1s, 1h});
  r.add("jobs.result_retention", TUTTI_FIELD(jobs.result_retention), duration{0s, 24h * 365});
  r.add("jobs.key_retention", TUTTI_FIELD(jobs.key_retention), duration{0s, 24h * 365});
  r.add("jobs.max_jobs", TUTTI_FIELD(jobs.max_jobs), range<std::uint64_t>{1, 100'000'000});
  r.add("jobs.ageing", TUTTI_FIELD(jobs.ageing), duration{0s, 24h});
  r.add("jobs.worker_deaths", TUTTI_FIELD(jobs.worker_deaths), number{1, 100});
  r.add("jobs.cancel_grace", TUTTI_FIELD(jobs.cancel_grace), duration{0s, 1h});
  r.add("log.level", TUTTI_FIELD(log.level), no_rule{}, "LOG_LEVEL");
  r.add("log.format", TUTTI_FIELD(log.format));
  r.add("shutdown.deadline", TUTTI_FIELD(shutdown.deadline), duration{1s, 1h});
  r.add("metrics.port", TUTTI_FIELD(metrics.port), port_number{0, 65'535}, "METRICS_PORT");
  r.add("otlp.endpoint", TUTTI_FIELD(otlp.endpoint), text_rule{check_http_url}, "OTLP_ENDPOINT");
}

void service_rows(rows<settings>& r) {
  constexpr auto secret = secrecy::secret;
  constexpr text_rule http{check_http_url, true};
  r.add("spotify.mock_mode", TUTTI_FIELD(spotify.mock_mode), no_rule{}, "SPOTIFY_MOCK_MODE");
  r.add("spotify.client_id", TUTTI_FIELD(spotify.client_id), text_rule{check_header}, "SPOTIFY_CLIENT_ID");
  r.add("spotify.client_secret", TUTTI_FIELD(spotify.client_secret), text_rule{check_header},
        "SPOTIFY_CLIENT_SECRET", secret);
  r.add("spotify.redirect_uri", TUTTI_FIELD(spotify.redirect_uri), text_rule{check_any_url},
        "SPOTIFY_REDIRECT_URI");
  r.add("spotify.max_retries", TUTTI_FIELD(spotify.max_retries), number{0, 100}, "SPOTIFY_MAX_RETRIES");
  r.add("spotify.retry_base", TUTTI_FIELD(spotify.retry_base), duration{1ms, 1min}, "SPOTIFY_RETRY_BASE_MS");
  r.add("spotify.api_url", TUTTI_FIELD(spotify.api_url), http, "SPOTIFY_API_URL");
  r.add("spotify.accounts_url", TUTTI_FIELD(spotify.accounts_url), http, "SPOTIFY_ACCOUNTS_URL");
  r.add("lavalink.nodes", TUTTI_FIELD(lavalink.nodes), text_rule{check_lavalink_nodes, false, 1 << 20},
        "LAVALINK_NODES", secrecy::lavalink);
  r.add("lavalink.default_source", TUTTI_FIELD(lavalink.default_source), text_rule{check_name, true},
        "LAVALINK_DEFAULT_SOURCE");
  r.add("lavalink.password", TUTTI_FIELD(lavalink.password), text_rule{check_header}, "LAVALINK_PASSWORD",
        secret);
  r.add("discord.master_token", TUTTI_FIELD(discord.master_token), text_rule{check_header},
        "DISCORD_MASTER_TOKEN", secret);
  r.add("discord.worker_tokens", TUTTI_FIELD(discord.worker_tokens), text_rule{check_header, true},
        "DISCORD_WORKER_TOKEN_", secret);
  r.add("discord.api_url", TUTTI_FIELD(discord.api_url), http, "DISCORD_API_URL");
  r.add("discord.gateway_url", TUTTI_FIELD(discord.gateway_url), text_rule{check_gateway_url},
        "DISCORD_GATEWAY_URL");
  r.add("apple_music.key", TUTTI_FIELD(apple_music.key), text_rule{nullptr, false, 16'384}, "APPLE_MUSIC_KEY",
        secret);
  r.add("apple_music.key_id", TUTTI_FIELD(apple_music.key_id), text_rule{check_key_id}, "APPLE_MUSIC_KEY_ID");
  r.add("apple_music.team_id", TUTTI_FIELD(apple_music.team_id), text_rule{check_key_id},
        "APPLE_MUSIC_TEAM_ID");
  r.add("apple_music.api_url", TUTTI_FIELD(apple_music.api_url), http, "APPLE_MUSIC_API_URL");
  r.add("token_store.provider", TUTTI_FIELD(token_store.provider), no_rule{}, "TOKEN_STORE_PROVIDER");
  r.add("token_store.file", TUTTI_FIELD(token_store.file), text_rule{nullptr, true}, "TOKEN_STORE_FILE");
  r.add("token_store.encryption_key", TUTTI_FIELD(token_store.encryption_key),
        text_rule{check_encryption_key}, "TOKEN_STORE_ENCRYPTION_KEY", secret);
  r.add("token_api.url", TUTTI_FIELD(token_api.url), text_rule{check_http_url}, "TOKEN_URL");
  r.add("token_api.key", TUTTI_FIELD(token_api.key), text_rule{check_header}, "TOKEN_API_KEY", secret);
}

} // namespace

const std::vector<key<settings>>& setting_keys() {
  static const auto table = [] {
    rows<settings> r;
    cluster_rows(r);
    server_rows(r);
    service_rows(r);
    return std::move(r.all);
  }();
  return table;
}

const std::vector<key<node_settings>>& node_keys() {
  static const auto table = [] {
    rows<node_settings> r;
    r.add("name", TUTTI_FIELD(name), text_rule{check_name, true});
    r.add("host", TUTTI_FIELD(host), text_rule{check_host, true});
    r.add("port", TUTTI_FIELD(port), port_number{0, 65'535});
    r.add("http", TUTTI_FIELD(http));
    r.add("roles", TUTTI_FIELD(roles));
    return std::move(r.all);
  }();
  return table;
}

const std::vector<key<queue_settings>>& queue_keys() {
  static const auto table = [] {
    rows<queue_settings> r;
    r.add("concurrency", TUTTI_FIELD(concurrency), number{0, million});
    r.add("rate", TUTTI_FIELD(rate), range<double>{0, million});
    r.add("burst", TUTTI_FIELD(burst), number{0, million});
    return std::move(r.all);
  }();
  return table;
}

std::string tutti_variable(std::string_view path) {
  std::string out = "TUTTI_";
  for (char c : path) {
    bool lower = c >= 'a' && c <= 'z';
    bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += lower ? static_cast<char>(c - 32) : plain ? c : '_';
  }
  return out;
}

std::string_view to_string(provider v) noexcept {
  return v == provider::memory ? "memory" : v == provider::redis ? "redis" : "postgres";
}

std::string_view to_string(store_provider v) noexcept {
  return v == store_provider::memory ? "memory" : "postgres";
}

std::string_view to_string(token_provider v) noexcept {
  constexpr std::string_view names[] = {"memory", "file", "encrypted-file", "postgres"};
  return names[static_cast<int>(v)];
}

std::string_view to_string(tls_mode v) noexcept {
  return v == tls_mode::on ? "on" : "off";
}

std::string_view to_string(log_level v) noexcept {
  constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error"};
  return names[static_cast<int>(v)];
}

std::string_view to_string(log_format v) noexcept {
  return v == log_format::json ? "json" : "console";
}

std::string_view to_string(role v) noexcept {
  constexpr std::string_view names[] = {"api", "shard", "audio", "spotify", "worker", "crawler"};
  return names[static_cast<int>(v)];
}

} // namespace tutti::runtime::config
