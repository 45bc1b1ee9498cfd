#include "runtime/cluster/links/connector.hpp"

#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/links/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace tutti::runtime::cluster {
namespace {

using connector_clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int listen_tries = 6; ///< a former life may be about to close the port
constexpr milliseconds listen_wait{250};
constexpr milliseconds accept_pause{100}; ///< when the process has no more descriptors

/// A connection that is not finished.
struct attempt {
  bool accepted = false;
  node_address to; ///< dialled
  resolved names;  ///< dialled: they are tried one after the other
  addrinfo* next = nullptr;
  owned_socket socket;
  bool connecting = false;
  tls_session session;
  short events = 0;
  connector_clock::time_point deadline;
  std::string why = "no answer";
};

/// What comes for the connector's thread.
struct connector_inbox {
  std::mutex lock;
  bool stopping = false;
  std::vector<node_address> orders;
  std::vector<std::pair<node_address, resolved>> looked_up;
  owned_socket wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  template <class Change>
  void put(Change change) {
    {
      std::lock_guard guard{lock};
      change();
    }
    ::eventfd_write(wake.fd(), 1);
  }
};

/// On a thread of its own, which nobody waits for: it may outlive the connector. One for each name at a time,
/// since that is not dialled again before it is answered.
void look_up(const std::shared_ptr<connector_inbox>& inbox, const node_address& name) {
  auto answer = [inbox, name](resolved names) {
    inbox->put([&] { inbox->looked_up.emplace_back(name, std::move(names)); });
  };
  try {
    std::thread{[answer, name] { answer(resolve(name.first, name.second, 0)); }}.detach();
  } catch (const std::system_error& e) {
    resolved none;
    none.why = e.what();
    answer(std::move(none));
  }
}

} // namespace

class connector::loop {
public:
  loop(caf::actor_system& system, caf::actor owner, node_address at, tls_context tls)
      : network_(dynamic_cast<caf::io::network::default_multiplexer&>(system.middleman().backend())),
        broker_(link_broker(system)), owner_(std::move(owner)), at_(std::move(at)), tls_(std::move(tls)),
        thread_([this] { run(); }) {}
  ~loop() {
    stop();
    thread_.join();
  }

  void dial(std::vector<node_address> to) {
    inbox_->put([&] { std::move(to.begin(), to.end(), std::back_inserter(inbox_->orders)); });
  }
  void stop() noexcept {
    inbox_->put([&] { inbox_->stopping = true; });
  }

private:
  enum class step { waits, done, failed };

  void run() {
    auto why = listen();
    tell(connector_listens{why.empty() ? port_of(listening_) : std::uint16_t{0}, why});
    if (!why.empty())
      return;
    at_.second = port_of(listening_);
    while (take_orders())
      turn();
    caf::anon_send(broker_, caf::unpublish_atom_v, owner_.address(), at_.second);
  }

  /// In the owner's own name, so that its mailbox is not too full for it.
  template <class News>
  void tell(News news) {
    caf::send_as(owner_, owner_, std::move(news));
  }

  /// Empty: it does.
  std::string listen() {
    std::string why;
    for (int i = 0; i < listen_tries; ++i) {
      auto names = resolve(at_.first, at_.second, AI_PASSIVE);
      why = names.why;
      if (names.list && (listening_ = listen_on(*names.list, why)))
        return {};
      pollfd waiting{inbox_->wake.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(listen_wait.count())) > 0)
        break; // to stop
    }
    return why;
  }

  /// False: to stop.
  bool take_orders() {
    std::vector<node_address> orders;
    std::vector<std::pair<node_address, resolved>> looked_up;
    {
      std::lock_guard guard{inbox_->lock};
      if (inbox_->stopping)
        return false;
      orders.swap(inbox_->orders);
      looked_up.swap(inbox_->looked_up);
    }
    for (auto& to : orders)
      if (auto names = resolve(to.first, to.second, AI_NUMERICHOST); names.list)
        begin(std::move(to), std::move(names));
      else
        look_up(inbox_, to);
    for (auto& [to, names] : looked_up)
      begin(std::move(to), std::move(names));
    return true;
  }

  void begin(node_address to, resolved names) {
    attempt a;
    a.to = std::move(to);
    a.names = std::move(names);
    a.next = a.names.list.get();
    if (!a.next)
      a.why = a.names.why;
    settle(attempts_.insert(attempts_.end(), std::move(a)), step::failed);
  }

  /// Waits for something to happen, once.
  void turn() {
    auto now = connector_clock::now();
    std::vector<pollfd> polled{{inbox_->wake.fd(), POLLIN, 0}, {listening_.fd(), POLLIN, 0}};
    auto until = now + std::chrono::hours{1};
    if (now < accept_again_) {
      polled[1].fd = -1;
      until = accept_again_;
    }
    for (auto& a : attempts_) {
      polled.push_back({a.socket.fd(), a.events, 0});
      until = std::min(until, a.deadline);
    }
    auto left = std::chrono::ceil<milliseconds>(until - now).count();
    if (::poll(polled.data(), polled.size(), static_cast<int>(std::max<long>(left, 0))) < 0)
      return; // a signal
    eventfd_t count = 0;
    if (polled[0].revents != 0)
      ::eventfd_read(inbox_->wake.fd(), &count);
    now = connector_clock::now();
    auto* mine = polled.data() + 2;
    for (auto i = attempts_.begin(); i != attempts_.end(); ++mine) {
      auto here = i++;
      if (mine->revents != 0)
        settle(here, advance(*here));
      else if (now >= here->deadline)
        settle(here, step::failed);
    }
    if (polled[1].revents != 0)
      accept_all();
  }

  step advance(attempt& a) {
    if (a.connecting) {
      if (int error = error_of(a.socket); error != 0) {
        a.why = std::strerror(error);
        return step::failed;
      }
      a.connecting = false;
      a.deadline = connector_clock::now() + handshake_patience;
    }
    if (!tls_)
      return step::done;
    if (!a.session && !(a.session = new_session(tls_, a.socket.fd(), a.accepted)))
      return step::failed;
    switch (shake_hands(*a.session, a.why)) {
    case handshake::done:
      return step::done;
    case handshake::want_read:
      a.events = POLLIN;
      return step::waits;
    case handshake::want_write:
      a.events = POLLOUT;
      return step::waits;
    default:
      return step::failed;
    }
  }

  /// Hands a connection on, tries the next address of a name, or gives up.
  void settle(std::list<attempt>::iterator i, step result) {
    auto& a = *i;
    if (result == step::waits)
      return;
    if (result == step::done) {
      auto link = make_link(network_, a.socket.release(), std::move(a.session));
      if (a.accepted)
        caf::anon_send(broker_, caf::publish_atom_v, std::move(link), at_.second,
                       caf::actor_cast<caf::strong_actor_ptr>(owner_), std::set<std::string>{});
      else
        tell(address_dialled{a.to, std::move(link), {}});
    } else {
      while (a.next) {
        a.session = nullptr; // before its socket
        a.socket = connect_to(*std::exchange(a.next, a.next->ai_next), a.why);
        if (!a.socket)
          continue;
        a.connecting = true;
        a.events = POLLOUT;
        a.deadline = connector_clock::now() + connect_patience;
        return;
      }
      if (!a.accepted)
        tell(address_dialled{a.to, nullptr, a.why});
    }
    strangers_ -= a.accepted ? 1 : 0;
    attempts_.erase(i);
  }

  void accept_all() {
    for (std::size_t i = 0; i < max_strangers; ++i) {
      owned_socket socket{::accept4(listening_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
      if (!socket) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
          accept_again_ = connector_clock::now() + accept_pause;
        return;
      }
      if (strangers_ == max_strangers)
        settle(std::find_if(attempts_.begin(), attempts_.end(), [](auto& a) { return a.accepted; }),
               step::failed);
      attempt a;
      a.accepted = true;
      a.socket = std::move(socket);
      a.deadline = connector_clock::now() + handshake_patience;
      ++strangers_;
      auto here = attempts_.insert(attempts_.end(), std::move(a));
      settle(here, advance(*here));
    }
  }

  caf::io::network::default_multiplexer& network_;
  const caf::actor broker_, owner_;
  node_address at_;
  const tls_context tls_;
  const std::shared_ptr<connector_inbox> inbox_ = std::make_shared<connector_inbox>();
  owned_socket listening_;
  connector_clock::time_point accept_again_{};
  std::list<attempt> attempts_;
  std::size_t strangers_ = 0; ///< accepted ones of them
  std::thread thread_;        // last: it uses the others
};

connector::connector(caf::actor_system& system, caf::actor owner, node_address at, tls_context tls)
    : loop_(std::make_unique<loop>(system, std::move(owner), std::move(at), std::move(tls))) {}
connector::~connector() = default;

void connector::dial(std::vector<node_address> to) {
  loop_->dial(std::move(to));
}

void connector::stop() noexcept {
  loop_->stop();
}

} // namespace tutti::runtime::cluster
