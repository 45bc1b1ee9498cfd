#include "services/http_client/client.hpp"

#include "runtime/telemetry/log.hpp"
#include "services/http_client/client_core.hpp"

#include <future>
#include <utility>

#include <boost/asio/post.hpp>

namespace tutti::services::http_client {
namespace {

/// The I/O thread does nothing that takes so long; if it does, that is a bug somewhere else.
constexpr std::chrono::seconds stop_patience{10};

} // namespace

client::client(boost::asio::io_context& context, runtime::telemetry::metrics& metrics, client_options options)
    : core_(std::make_shared<client_core>(context, metrics, std::move(options))) {}

client::~client() {
  stop();
}

void client::send(runtime::outbound::http_request request, completion done) {
  core_->send(std::move(request), std::move(done));
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
    runtime::telemetry::get().error("http_client.stuck what=\"the I/O thread does not stop the client\"");
}

} // namespace tutti::services::http_client
