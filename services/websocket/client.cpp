#include "services/websocket/client.hpp"

#include "runtime/error.hpp"
#include "runtime/telemetry/log.hpp"
#include "services/net/tls.hpp"
#include "services/websocket/connection.hpp"
#include "services/websocket/line.hpp"
#include "services/websocket/url.hpp"

#include <future>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <boost/asio/post.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace tutti::services::websocket {
namespace {

using namespace std::chrono_literals;
namespace outbound = runtime::outbound;

/// The I/O thread does nothing that takes so long; if it does, that is a bug somewhere else.
constexpr auto stop_patience = 10s;

class handle final : public outbound::websocket {
public:
  explicit handle(std::shared_ptr<line> to) : line_(std::move(to)) {}
  ~handle() override { line_->drop(); }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;

  std::uint64_t id() const noexcept override { return line_->id(); }
  bool send(std::string text) override { return line_->send(std::move(text)); }
  void close(std::uint16_t code, std::string reason) override { line_->close(code, std::move(reason)); }
  void drop() noexcept override { line_->drop(); }

private:
  std::shared_ptr<line> line_;
};

} // namespace

class client_core : public std::enable_shared_from_this<client_core> {
public:
  client_core(boost::asio::io_context& context, const client_options& options)
      : context_(context), tls_(net::make_tls_client(options.ca_file)) {}

  boost::asio::io_context& context() noexcept { return context_; }
  const std::shared_ptr<SSL_CTX>& tls() const noexcept { return tls_; }

  /// False: stopped.
  bool post(connection::parts init) {
    std::lock_guard lock{mutex_};
    if (closed_)
      return false;
    boost::asio::post(context_, [self = shared_from_this(), init = std::move(init)]() mutable {
      self->start(std::move(init));
    });
    return true;
  }

  /// Whatever has been posted before comes before stop().
  void refuse() {
    std::lock_guard lock{mutex_};
    closed_ = true;
  }

  void stop() {
    for (auto& [id, one] : std::exchange(open_, {}))
      one->drop();
  }

private:
  void start(connection::parts init) {
    auto to = init.line;
    init.ended = [self = shared_from_this(), id = to->id()] { self->open_.erase(id); };
    auto made = std::make_shared<connection>(context_, std::move(init));
    to->attach(made);
    open_.emplace(to->id(), made);
    made->open();
  }

  boost::asio::io_context& context_;
  std::shared_ptr<SSL_CTX> tls_;
  std::unordered_map<std::uint64_t, std::shared_ptr<connection>> open_;
  std::mutex mutex_;
  bool closed_ = false; // guarded by mutex_
};

client::client(boost::asio::io_context& context, const client_options& options)
    : core_(std::make_shared<client_core>(context, options)) {}

client::~client() {
  stop();
}

std::unique_ptr<outbound::websocket> client::open(const caf::actor& owner, outbound::websocket_request to) {
  auto made = std::make_shared<line>(core_->context(), to);
  outbound::websocket_closed refused;
  refused.socket = made->id();
  refused.how = outbound::websocket_end::rejected;
  auto peer = parse_url(to.url);
  if (!peer)
    refused.reason = runtime::words(peer.error());
  if (!to.headers.well_formed())
    refused.reason = "a header cannot be sent";
  if (refused.reason.empty()) {
    auto weak = caf::actor_cast<caf::weak_actor_ptr>(owner);
    if (core_->post({std::move(to), std::move(*peer), std::move(weak), made, core_->tls(), {}}))
      return std::make_unique<handle>(std::move(made));
    refused.how = outbound::websocket_end::unreachable;
    refused.reason = "the client has been stopped";
  }
  made->end();
  caf::anon_send(owner, std::move(refused));
  return std::make_unique<handle>(std::move(made));
}

void client::stop() {
  core_->refuse();
  if (core_->context().get_executor().running_in_this_thread())
    return core_->stop();
  auto ended = std::make_shared<std::promise<void>>();
  auto end = ended->get_future();
  boost::asio::post(core_->context(), [core = core_, ended] {
    core->stop();
    ended->set_value();
  });
  if (end.wait_for(stop_patience) != std::future_status::ready)
    runtime::telemetry::get().error("websocket.stuck what=\"the I/O thread does not stop the client\"");
}

} // namespace tutti::services::websocket
