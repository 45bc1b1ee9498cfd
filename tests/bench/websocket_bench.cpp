// The WebSocket client over TLS with zlib-stream, against a server in a process of its own: memory of an idle
// connection, texts a second over one, and the most memory that one huge text takes.
// usage: websocket_bench [connections [texts]]
#include "runtime/outbound/websocket.hpp"
#include "services/net/io_thread.hpp"
#include "services/websocket/client.hpp"
#include "tests/bench/bench.hpp"
#include "tests/services/websocket/peer.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace tutti;
using runtime::outbound::websocket_opened;
using runtime::outbound::websocket_text;
using tests::services_websocket::packer;
using tests::services_websocket::peer;

constexpr std::size_t huge = 40'000'000;

/// Answers "idle", "burst N" and "huge" with as many texts.
void serve(int to) {
  tests::wire_server server{[](tests::wire& on, std::size_t) {
                              peer p{on};
                              p.accept();
                              packer pack;
                              p.send(2, pack(std::string(40'000, 'h'))); // fills the peer's window
                              for (;;) {
                                auto got = p.read();
                                std::string_view order = got.payload;
                                if (order.starts_with("huge")) {
                                  std::string text(huge, '\0');
                                  for (std::size_t i = 0; i < huge; ++i) // packs to about a quarter
                                    text[i] = static_cast<char>('a' + (i * 2654435761U >> 13) % 4);
                                  p.send(2, pack(text));
                                } else if (order.starts_with("burst ")) {
                                  for (int i = std::atoi(got.payload.c_str() + 6); i > 0; --i)
                                    p.send(2, pack(std::to_string(i) + std::string(400, 'b')));
                                }
                              }
                            },
                            {.tls = true}};
  auto said = server.url("ws") + "\n" + server.ca_file() + "\n";
  (void)!::write(to, said.data(), said.size());
  ::close(to);
  for (;;)
    ::pause();
}

double high_water_bytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:"))
      return std::atof(line.c_str() + 6) * 1024;
  return 0;
}

void run(int connections, int texts, const std::string& url, const std::string& ca_file) {
  caf::actor_system_config config;
  caf::actor_system sys{config};
  caf::scoped_actor owner{sys};
  services::net::io_thread io{"bench-websocket"};
  services::websocket::client client{io.context(), {ca_file}};
  std::vector<std::unique_ptr<runtime::outbound::websocket>> sockets;
  auto open = [&] {
    runtime::outbound::websocket_request to;
    to.url = url;
    to.compression = runtime::outbound::transport_compression::zlib_stream;
    sockets.push_back(client.open(caf::actor_cast<caf::actor>(owner), to));
    std::size_t size = 0;
    owner->receive([](websocket_opened&) {});
    owner->receive([&](websocket_text& e) { size = e.text.size(); });
    if (size != 40'000)
      std::abort();
  };
  open(); // what all share
  auto before = bench::resident_bytes();
  for (int i = 0; i < connections; ++i)
    open();
  bench::report("memory of an idle connection, TLS and zlib-stream", "tutti",
                (bench::resident_bytes() - before) / connections, "bytes");

  auto cpu = bench::cpu_seconds();
  bench::stopwatch watch;
  sockets.front()->send("burst " + std::to_string(texts));
  for (int i = 0; i < texts; ++i)
    owner->receive([](websocket_text&) {});
  bench::report("texts of 400 bytes over one connection", "tutti", texts / watch.seconds(), "1/s");
  bench::report("CPU of a text of 400 bytes", "tutti", (bench::cpu_seconds() - cpu) / texts * 1e6, "us");

  auto base = bench::resident_bytes();
  sockets.front()->send("huge");
  owner->receive([&](websocket_text& e) {
    if (e.text.size() != huge)
      std::abort();
    bench::report("peak memory over a text of 40 MB", "tutti", (high_water_bytes() - base) / huge, "times");
  });
}

} // namespace

int main(int argc, char** argv) {
  int ends[2];
  if (::pipe(ends) != 0)
    return 1;
  auto parent = ::getpid();
  auto child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == parent)
      serve(ends[1]);
    return 1;
  }
  ::close(ends[1]);
  auto* from = ::fdopen(ends[0], "r");
  char url[256] = "", ca_file[1024] = "";
  if (std::fscanf(from, "%255s %1023s", url, ca_file) != 2)
    return 1;
  run(argc > 1 ? std::atoi(argv[1]) : 300, argc > 2 ? std::atoi(argv[2]) : 200'000, url, ca_file);
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  return 0;
}
