#include "services/sim/main/options.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace tutti::services::sim {

const char usage[] = R"(usage: tutti-sim --discord HOST:PORT [--control HOST:PORT] [option…]
Serves what is named (port 0 picks one) and then prints one JSON line with the addresses.

  --discord HOST:PORT      Discord: REST under /api/v10, and the gateway
  --control HOST:PORT      /sim/…: scripted users, faults, summary, log
  --bot-token TOKEN        a bot that may log in; repeatable (sim-token)
  --guilds N               (1)
  --guild-step N           between their ids; 4194304 spreads neighbours over the shards (1)
  --users N                members of each guild (100)
  --channels N, --roles N  of each guild (8, 4)
  --voice-states N         users of each guild in voice from the start (0)
  --shards N               that GET /gateway/bot recommends (1)
  --max-concurrency N      identifies per 5 s (1)
  --session-starts N       identifies per 24 h (1000)
  --heartbeat-ms N         (41250; with --fast 2000)
  --resume-window-ms N     how long a session waits for its client (180000)
  --replay-events N        kept for a resume, a session (10000)
  --fast                   short delays, for tests
  --seed N                 of all chance (1)
)";

namespace {

class option_reader {
public:
  explicit option_reader(read_options& out) : out_(out) {}

  void read(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size() && out_.error.empty(); ++i) {
      auto& name = arguments[i];
      if (name == "--help")
        out_.options.help = true;
      else if (name == "--fast")
        fast_ = true;
      else if (i + 1 < arguments.size() || !known(name))
        take(name, i + 1 < arguments.size() ? arguments[++i] : std::string{});
      else
        out_.error = name + " needs a value";
    }
    finish();
  }

private:
  static bool known(const std::string& name) {
    return numbers().count(name) || name == "--discord" || name == "--control" || name == "--bot-token";
  }

  struct number {
    std::uint64_t min, max;
    std::function<void(option_reader&, std::uint64_t)> set;
  };
  static const std::map<std::string, number>& numbers() {
    using reader = option_reader;
    using std::chrono::milliseconds;
    static const std::map<std::string, number> all{
        {"--guilds", {1, 1'000'000, [](reader& r, auto v) { r.discord_.world.guilds = v; }}},
        {"--guild-step", {1, 1ull << 40, [](reader& r, auto v) { r.discord_.world.guild_step = v; }}},
        {"--users", {1, 1'000'000, [](reader& r, auto v) { r.discord_.world.users = v; }}},
        {"--channels", {8, 500, [](reader& r, auto v) { r.discord_.world.channels = v; }}},
        {"--roles", {4, 250, [](reader& r, auto v) { r.discord_.world.roles = v; }}},
        {"--voice-states", {0, 10'000, [](reader& r, auto v) { r.discord_.world.voice_states = v; }}},
        {"--shards", {1, 100'000, [](reader& r, auto v) { r.discord_.shards = v; }}},
        {"--max-concurrency", {1, 1000, [](reader& r, auto v) { r.discord_.max_concurrency = v; }}},
        {"--session-starts", {1, 1'000'000, [](reader& r, auto v) { r.discord_.session_starts = v; }}},
        {"--heartbeat-ms", {100, 600'000, [](reader& r, auto v) { r.heartbeat_ = milliseconds{v}; }}},
        {"--resume-window-ms",
         {1, 86'400'000, [](reader& r, auto v) { r.discord_.resume_window = milliseconds{v}; }}},
        {"--replay-events", {1, 1'000'000, [](reader& r, auto v) { r.discord_.replay_events = v; }}},
        {"--seed", {0, UINT64_MAX, [](reader& r, auto v) { r.out_.options.seed = v; }}},
    };
    return all;
  }

  void take(const std::string& name, const std::string& value) {
    if (name == "--discord") {
      if (auto at = read_address(name, value)) {
        discord_.host = at->host;
        discord_.port = at->port;
        serves_discord_ = true;
      }
    } else if (name == "--control") {
      out_.options.control = read_address(name, value);
    } else if (name == "--bot-token") {
      if (value.empty())
        out_.error = "--bot-token needs a token";
      tokens_.push_back(value);
    } else if (auto found = numbers().find(name); found != numbers().end()) {
      auto read = read_number(value);
      if (!read || *read < found->second.min || *read > found->second.max)
        out_.error = name + " must be " + std::to_string(found->second.min) + " to "
                     + std::to_string(found->second.max);
      else
        found->second.set(*this, *read);
    } else if (name == "--lavalink" || name == "--lavalink-password" || name == "--spotify"
               || name == "--apple-music") {
      out_.error = name + ": this service is not simulated yet";
    } else {
      out_.error = "unknown argument " + name;
    }
  }

  static std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t out = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failure != std::errc{} || end != text.data() + text.size())
      return std::nullopt;
    return out;
  }
  std::optional<address> read_address(const std::string& name, std::string_view text) {
    auto colon = text.rfind(':');
    auto port = colon == text.npos ? std::nullopt : read_number(text.substr(colon + 1));
    if (!port || *port > 65535 || colon == 0) {
      out_.error = name + " needs HOST:PORT";
      return std::nullopt;
    }
    auto host = text.substr(0, colon);
    return address{host == "localhost" ? "127.0.0.1" : std::string{host}, static_cast<std::uint16_t>(*port)};
  }

  void finish() {
    using namespace std::chrono_literals;
    if (!out_.error.empty() || out_.options.help)
      return;
    if (!serves_discord_ && !out_.options.control)
      out_.error = "nothing to serve: name a service";
    if (!tokens_.empty())
      discord_.tokens = tokens_;
    if (fast_) {
      discord_.heartbeat = 2000ms;
      discord_.voice_delay_min = 1ms;
      discord_.voice_delay_max = 10ms;
      discord_.identify_within = 10'000ms; // an identify that came too soon may be repeated after 5 s
    }
    if (heartbeat_)
      discord_.heartbeat = *heartbeat_;
    if (serves_discord_)
      out_.options.discord = discord_;
  }

  read_options& out_;
  discord::discord_options discord_;
  std::vector<std::string> tokens_;
  std::optional<std::chrono::milliseconds> heartbeat_;
  bool serves_discord_ = false;
  bool fast_ = false;
};

} // namespace

read_options parse_options(const std::vector<std::string>& arguments) {
  read_options out;
  option_reader{out}.read(arguments);
  return out;
}

} // namespace tutti::services::sim
