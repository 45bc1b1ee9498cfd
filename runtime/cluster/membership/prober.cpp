#include "runtime/cluster/membership/prober.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::runtime::cluster {
namespace {

using probe_clock = std::chrono::steady_clock;

class probe_socket {
public:
  explicit probe_socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~probe_socket() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  probe_socket(probe_socket&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
  probe_socket& operator=(probe_socket&&) = delete;
  int fd() const noexcept { return fd_; }

private:
  int fd_;
};

struct resolved {
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list{nullptr, &::freeaddrinfo};
  std::string why; ///< the list is empty
};

resolved resolve(const node_address& to, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  resolved out;
  if (int code = ::getaddrinfo(to.first.c_str(), std::to_string(to.second).c_str(), &hints, &found))
    out.why = ::gai_strerror(code);
  out.list.reset(found);
  return out;
}

std::string numeric_host(const addrinfo& at) {
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(at.ai_addr, at.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return text.data();
}

/// One address, all that its name stands for at once: who answers first is taken.
struct probe {
  explicit probe(node_address where) : to(std::move(where)) {}
  node_address to;
  std::vector<std::pair<std::string, probe_socket>> open; ///< by numeric host
  std::string ip;                                         ///< which answered
  std::string why = "no answer";

  bool ended() const noexcept { return open.empty() || !ip.empty(); }

  void start() {
    auto found = resolve(to, 0);
    if (!found.list)
      why = found.why;
    for (auto* at = found.list.get(); at; at = at->ai_next) {
      probe_socket next{at->ai_family};
      if (next.fd() >= 0 && (::connect(next.fd(), at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS))
        open.emplace_back(numeric_host(*at), std::move(next));
      else
        why = std::strerror(errno);
    }
  }
  /// `polled`: as many as are open, in their order.
  void look(const pollfd* polled) {
    decltype(open) waiting;
    for (auto& [host, socket] : open) {
      int error = 0;
      socklen_t size = sizeof error;
      if ((polled++)->revents == 0)
        waiting.emplace_back(host, std::move(socket));
      else if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        ip = host;
      else
        why = std::strerror(error);
    }
    open = std::move(waiting);
  }
};

class address_prober final : public actor::metered {
public:
  address_prober(caf::actor_config& cfg, actor::placement where) : metered(cfg, std::move(where), "prober") {}

protected:
  caf::behavior make_behavior() override {
    return {[this](const probe_addresses& order) {
      auto asker = caf::actor_cast<caf::actor>(current_sender());
      std::vector<probe> probes;
      for (auto& to : order.to)
        probes.emplace_back(to).start();
      auto until = probe_clock::now() + prober_patience;
      do
        report_ended(asker, probes);
      while (!probes.empty() && look(probes, until));
      for (auto& p : probes)
        send(asker, address_probed{p.to, {}, p.why});
    }};
  }

private:
  void report_ended(const caf::actor& asker, std::vector<probe>& probes) {
    std::erase_if(probes, [&](const probe& p) {
      if (p.ended())
        send(asker, address_probed{p.to, p.ip, p.ip.empty() ? p.why : std::string{}});
      return p.ended();
    });
  }

  /// Waits for something to happen; false: the time is up.
  static bool look(std::vector<probe>& probes, probe_clock::time_point until) {
    std::vector<pollfd> polled;
    for (auto& p : probes)
      for (auto& [host, socket] : p.open)
        polled.push_back({socket.fd(), POLLOUT, 0});
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - probe_clock::now()).count();
    int ready = left <= 0 ? 0 : ::poll(polled.data(), polled.size(), static_cast<int>(left));
    if (ready <= 0)
      return ready < 0 && errno == EINTR;
    auto* next = polled.data();
    for (auto& p : probes) {
      auto count = p.open.size();
      p.look(next);
      next += count;
    }
    return true;
  }
};

} // namespace

caf::actor spawn_prober(caf::event_based_actor& parent, actor::placement at) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<address_prober, caf::detached + caf::linked>(std::move(at)));
}

std::string why_not_listening(const node_address& at) {
  auto found = resolve(at, AI_PASSIVE);
  if (!found.list)
    return found.why;
  probe_socket socket{found.list->ai_family};
  int on = 1;
  if (socket.fd() < 0 || ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
      || ::bind(socket.fd(), found.list->ai_addr, found.list->ai_addrlen) != 0
      || ::listen(socket.fd(), 1) != 0)
    return std::strerror(errno);
  return {};
}

} // namespace tutti::runtime::cluster
