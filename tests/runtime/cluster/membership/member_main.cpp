// A member as a process of its own, for tests that kill or freeze it:
//   member NAME INCARNATION PORT REDIS_URL TTL_MS TLS_FOLDER|- [PORT-OF-A-PEER…]
// Prints what it sees, a line for each change: "port N", "view a:up:1 b:down:0", "ended WORDS".
#include "runtime/cluster/tls/throwaway_ca.hpp"
#include "tests/runtime/cluster/membership/redis_stores.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <sys/prctl.h>

namespace {

using namespace tutti::tests::membership;

std::uint16_t port_of(const char* text) {
  return static_cast<std::uint16_t>(std::atoi(text));
}

std::string view(test_node& node) {
  std::string out = "view";
  std::lock_guard guard{node.seen().lock};
  for (auto& m : node.seen().members)
    out += " " + m.info.name + ":" + std::string{to_string(m.state)} + ":" + (m.reachable ? "1" : "0");
  return out;
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc < 7)
    return 2;
  node_options options;
  options.name = argv[1];
  options.incarnation = std::strtoull(argv[2], nullptr, 10);
  options.port = port_of(argv[3]);
  options.ttl = std::chrono::milliseconds{std::atoi(argv[5])};
  if (std::string{argv[6]} != "-")
    options.tls = throwaway_tls(argv[6], options.name);
  for (int i = 7; i < argc; ++i)
    options.addresses.push_back({"127.0.0.1", port_of(argv[i])});
  redis_stores stores{argv[4], options.ttl};
  stores.serve(options);
  test_node node{options};
  say("port " + std::to_string(node.port()));
  for (std::string last; node.ended().empty();) {
    auto now = view(node);
    if (now != last)
      say(last = now);
    std::this_thread::sleep_for(5ms);
  }
  say("ended " + node.ended());
}
