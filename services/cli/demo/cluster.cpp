#include "services/cli/demo/cluster.hpp"

#include "runtime/cluster/tls/throwaway_ca.hpp"
#include "services/cli/console/text.hpp"
#include "services/cli/failure.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds migrate_deadline{60s};
constexpr std::chrono::milliseconds node_stop_deadline{35s}; // its own shutdown.deadline is 30 s
constexpr std::uint16_t usual_port = 3000;
constexpr auto this_program = "/proc/self/exe";

std::string milliseconds_text(std::chrono::milliseconds d) {
  return "\"" + std::to_string(d.count()) + "ms\"";
}

std::vector<std::uint16_t> three_from(std::uint16_t first) {
  if (first == 0)
    first = usual_port;
  return {first, static_cast<std::uint16_t>(first + 1), static_cast<std::uint16_t>(first + 2)};
}

} // namespace

demo_cluster::demo_cluster(std::filesystem::path folder, const demo_servers& servers,
                           std::uint16_t first_port, signals& stop)
    : folder_(std::move(folder)), stop_(stop), token_(random_secret()), http_ports_(three_from(first_port)),
      node_ports_({0, 0, 0}) {
  auto wished = three_from(first_port);
  for (std::size_t i = 0; i < wished.size(); ++i) {
    std::string name{static_cast<char>('a' + i)};
    auto address = "127.0.0.1:" + std::to_string(http_ports_[i]);
    if (http_ports_[i] != wished[i] && first_port != 0)
      throw failure("somebody listens on 127.0.0.1:" + std::to_string(wished[i])
                    + " already; choose another --port");
    if (http_ports_[i] != wished[i])
      moved_ports_.push_back("port " + std::to_string(wished[i]) + " is taken: node " + name + " is on "
                             + address);
    node made;
    made.name = name;
    made.url = "http://" + address;
    made.client = std::make_unique<http_client>(
        http_options{.url = made.url, .token = token_, .stop = [&stop] { return stop.stop(); }});
    made.talk = std::make_unique<api>(*made.client);
    nodes_.push_back(std::move(made));
  }
  environment_ = {"ADMIN_API_TOKEN=" + token_, "REDIS_URL=" + servers.redis_url(),
                  "DATABASE_URL=" + servers.postgres_url()};
  std::filesystem::create_directory(folder_ / "tls");
  runtime::cluster::make_throwaway_ca(folder_ / "tls", {"a", "b", "c"});
  write_config();
  migrate(servers);
}

void demo_cluster::write_config() {
  std::string text =
      "[cluster]\nname = \"demo\"\ncoordination = \"redis\"\nlease_ttl = " + milliseconds_text(demo_lease_ttl)
      + "\nseeds = [\"127.0.0.1:" + std::to_string(node_ports_[0])
      + "\", \"127.0.0.1:" + std::to_string(node_ports_[1]) + "\"]\n\n[cluster.tls]\nmode = \"on\"\nca = \""
      + (folder_ / "tls" / "ca.crt").string() + "\"\n";
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    text += "\n[[node]]\nname = \"" + nodes_[i].name
            + "\"\nhost = \"127.0.0.1\"\nport = " + std::to_string(node_ports_[i]) + "\nhttp = \""
            + nodes_[i].url.substr(nodes_[i].url.find("//") + 2) + "\"\n";
  text += "\n[queue]\nprovider = \"redis\"\n\n[store]\nprovider = \"postgres\"\n\n[jobs]\nconcurrency = "
          + std::to_string(demo_concurrency) + "\nclaim_ttl = " + milliseconds_text(demo_claim_ttl)
          + "\n\n[log]\nformat = \"json\"\n";
  write_private(folder_ / "cluster.toml", text);
}

void demo_cluster::migrate(const demo_servers& servers) {
  child_process migration{{.program = this_program,
                           .arguments = {"tutti", "migrate"},
                           .environment = {"DATABASE_URL=" + servers.postgres_url()},
                           .folder = folder_,
                           .log = folder_ / "migrate.log",
                           .as = std::nullopt},
                          stop_.before()};
  auto status = migration.wait(migrate_deadline);
  if (!exited_well(status))
    throw failure("the migrations could not be applied", exit_failed, {migration.log_tail()});
}

void demo_cluster::start(const std::string& name) {
  auto& n = at(name);
  auto environment = environment_;
  auto tls = runtime::cluster::throwaway_tls(folder_ / "tls", name);
  environment.push_back("TUTTI_CLUSTER_TLS_CERTIFICATE=" + tls.certificate);
  environment.push_back("TUTTI_CLUSTER_TLS_KEY=" + tls.key);
  n.killed = false;
  n.process = std::make_unique<child_process>(
      child_options{
          .program = this_program,
          .arguments = {"tutti", "node", "--config", (folder_ / "cluster.toml").string(), "--name", name},
          .environment = std::move(environment),
          .folder = folder_,
          .log = folder_ / (name + ".log"),
          .as = std::nullopt},
      stop_.before());
}

void demo_cluster::kill(const std::string& name) {
  auto& n = at(name);
  n.killed = true;
  n.process->signal(SIGKILL);
}

void demo_cluster::stop() {
  for (auto& n : nodes_)
    if (n.process)
      n.process->signal(SIGTERM);
  std::vector<std::string> wrong;
  for (auto& n : nodes_) {
    if (!n.process || n.killed)
      continue;
    auto status = n.process->wait(node_stop_deadline);
    if (!status)
      wrong.push_back("node " + n.name + " did not stop within " + duration_text(node_stop_deadline)
                      + " and was killed");
    else if (!exited_well(status))
      wrong.push_back("node " + n.name + " should stop with exit code 0; it ended with "
                      + status_text(*status));
  }
  if (!wrong.empty())
    throw failure("the nodes did not stop as they should", exit_failed, wrong);
}

demo_cluster::node& demo_cluster::at(const std::string& name) {
  auto i = std::find_if(nodes_.begin(), nodes_.end(), [&](auto& n) { return n.name == name; });
  if (i == nodes_.end())
    throw failure("there is no node " + name);
  return *i;
}

demo_cluster::node& demo_cluster::living(const std::string& but) {
  for (auto& n : nodes_)
    if (n.name != but && n.lives())
      return n;
  throw failure("no node is left");
}

void demo_cluster::must_live() {
  for (auto& n : nodes_)
    if (n.process && !n.killed)
      if (auto status = n.process->ended())
        throw failure("node " + n.name + " has ended by itself: " + status_text(*status));
}

std::vector<std::string> demo_cluster::troubles() const {
  std::vector<std::string> out;
  for (auto& n : nodes_)
    if (n.process && !n.killed)
      if (auto status = n.process->ended(); status && !exited_well(status)) {
        out.push_back("node " + n.name + " has ended: " + status_text(*status) + "; the end of its log:");
        out.push_back(n.process->log_tail());
      }
  return out;
}

} // namespace tutti::services::cli
