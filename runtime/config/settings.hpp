#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Every setting with its default. Names are those of the TOML file; ranges stand in keys.cpp, where they are
/// checked. Fields marked "secret" are never shown or logged.
namespace tutti::runtime::config {

using std::chrono::milliseconds;

struct endpoint {
  std::string host; ///< name, IPv4 or IPv6 address (without brackets)
  std::uint16_t port = 0;
  friend bool operator==(const endpoint&, const endpoint&) = default;
};

enum class provider : std::uint8_t { memory, redis, postgres };
enum class store_provider : std::uint8_t { memory, postgres };
enum class token_provider : std::uint8_t { memory, file, encrypted_file, postgres };
enum class tls_mode : std::uint8_t { on, off };
enum class log_level : std::uint8_t { trace, debug, info, warn, error };
enum class log_format : std::uint8_t { json, console };
enum class role : std::uint8_t { api, shard, audio, spotify, worker, crawler };

/// [cluster.tls]: mutual TLS between nodes. Paths of PEM files.
struct tls_settings {
  tls_mode mode = tls_mode::on; ///< off: only with loopback hosts
  std::string certificate;
  std::string key;
  std::string ca;
};

/// Roles of all nodes × partitions that the coordinator of several nodes places.
inline constexpr std::size_t max_placed = 65'536;

/// [cluster]
struct cluster_settings {
  std::string name = "tutti";
  std::vector<endpoint> seeds;              ///< where nodes look for each other
  provider coordination = provider::memory; ///< leases; redis when several nodes are configured
  std::uint32_t partitions = 256;           ///< of each role's keys; the same for the cluster's whole life
  milliseconds lease_ttl{5'000};
  tls_settings tls;
};

/// [[node]], one for each node of the cluster.
struct node_settings {
  std::string name = "local";
  std::string host = "127.0.0.1";   ///< under which other nodes reach it
  std::uint16_t port = 4700;        ///< node to node
  endpoint http{"127.0.0.1", 3000}; ///< port 0: any free one
  std::vector<role> roles{role::api, role::shard, role::audio, role::spotify, role::worker, role::crawler};

  bool has(role r) const noexcept { return std::find(roles.begin(), roles.end(), r) != roles.end(); }
};

/// [queue]
struct queue_store_settings {
  config::provider provider = provider::memory; ///< redis when several nodes are configured
};

/// [store]: domain state.
struct store_settings {
  store_provider provider = store_provider::memory; ///< postgres when several nodes are configured
};

/// [redis]
struct redis_settings {
  std::string url; ///< redis:// or rediss://; its password is secret
  std::string key_prefix = "tutti:";
};

/// [postgres]
struct postgres_settings {
  std::string url; ///< postgres://; its password is secret
};

/// [http]: this node's own server.
struct http_settings {
  std::uint32_t threads = 0; ///< 0: by the number of cores
  std::uint32_t max_connections = 20'000;
  milliseconds header_timeout{10'000};  ///< to receive a request's head
  milliseconds body_timeout{30'000};    ///< to receive its body
  milliseconds idle_timeout{75'000};    ///< between requests
  milliseconds request_timeout{30'000}; ///< from the head to the answer
  bool lend_threads = true;             ///< I/O threads also run short handlers of actors
  double rate_limit = 0;                ///< requests per second of one caller; 0: no limit
  std::string admin_token;              ///< secret; empty: loopback only
};

/// [jobs]
struct jobs_settings {
  std::uint32_t concurrency = 512; ///< attempts at once on this node
  milliseconds claim_ttl{30'000};
  milliseconds result_retention{24 * 3'600'000};
  milliseconds key_retention{24 * 3'600'000}; ///< of idempotency keys, after the job's final state
  std::uint64_t max_jobs = 2'000'000;         ///< records that the memory provider keeps
  milliseconds ageing{30'000};                ///< waiting time that lifts a job by one priority; 0: never
  std::uint32_t worker_deaths = 3;            ///< workers that may die of a job before it is poison
  milliseconds cancel_grace{5'000};           ///< between asking a running attempt to end and killing it
};

/// [queues.NAME]; 0: no limit.
struct queue_settings {
  std::uint32_t concurrency = 0; ///< attempts at once, cluster-wide
  double rate = 0;               ///< jobs per second
  std::uint32_t burst = 0;       ///< jobs that may start at once after a pause; 0: as `rate`, at least 1
};

/// [log]
struct log_settings {
  log_level level = log_level::info;
  log_format format = log_format::json; ///< default: console when stderr is a terminal
};

/// [shutdown]
struct shutdown_settings {
  milliseconds deadline{30'000}; ///< from SIGTERM to the end of the process
};

/// [spotify]
struct spotify_settings {
  bool mock_mode = true; ///< use the simulator
  std::string client_id;
  std::string client_secret; ///< secret
  std::string redirect_uri;
  std::uint32_t max_retries = 3;
  milliseconds retry_base{500};
  std::string api_url = "https://api.spotify.com";
  std::string accounts_url = "https://accounts.spotify.com";
};

/// [lavalink]
struct lavalink_settings {
  std::string nodes; ///< JSON: [{id, url, password?, sessionId?}]; secret
  std::string default_source = "spsearch";
  std::string password; ///< secret; for nodes without one of their own
};

/// [discord]
struct discord_settings {
  std::string master_token;               ///< secret
  std::vector<std::string> worker_tokens; ///< secret
  std::string api_url = "https://discord.com";
  std::string gateway_url; ///< empty: as GET /gateway/bot says
};

/// [apple_music]
struct apple_music_settings {
  std::string key; ///< secret: a ready token, or a PEM key together with the two ids
  std::string key_id;
  std::string team_id;
  std::string api_url = "https://api.music.apple.com";
};

/// [token_store]: users' Spotify tokens.
struct token_store_settings {
  token_provider provider = token_provider::memory;
  std::string file = "tokens.json";
  std::string encryption_key; ///< secret: 32 bytes as base64 or hex, see decode_key()
};

/// [token_api]: an outside service that hands out tokens.
struct token_api_settings {
  std::string url;
  std::string key; ///< secret
};

/// [otlp]
struct otlp_settings {
  std::string endpoint; ///< empty: traces are not exported
};

/// [metrics]
struct metrics_settings {
  std::uint16_t port = 0; ///< a further address for /metrics alone; 0: none
};

struct settings {
  cluster_settings cluster;
  std::vector<node_settings> nodes; ///< all of the file, or the embedded one
  queue_store_settings queue;
  store_settings store;
  redis_settings redis;
  postgres_settings postgres;
  http_settings http;
  jobs_settings jobs;
  std::map<std::string, queue_settings> queues;
  log_settings log;
  shutdown_settings shutdown;
  spotify_settings spotify;
  lavalink_settings lavalink;
  discord_settings discord;
  apple_music_settings apple_music;
  token_store_settings token_store;
  token_api_settings token_api;
  otlp_settings otlp;
  metrics_settings metrics;
};

} // namespace tutti::runtime::config
