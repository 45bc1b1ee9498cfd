#include "services/redis/client.hpp"

#include "runtime/telemetry/log.hpp"
#include "services/redis/client_core.hpp"

#include <future>
#include <utility>

#include <boost/asio/post.hpp>

namespace tutti::services::redis {
namespace {

using namespace std::chrono_literals;

/// The I/O thread does nothing that takes so long; if it does, that is a bug somewhere else.
constexpr auto stop_patience = 10s;

} // namespace

client::client(boost::asio::io_context& context, client_options options)
    : core_(std::make_shared<client_core>(context, std::move(options))) {
  boost::asio::post(context, [core = core_] { core->connect(); });
}

client::~client() {
  stop();
}

void client::send(command_batch batch, clock::time_point deadline, completion done) {
  core_->send(std::move(batch), deadline, std::move(done));
}

std::string client::key(std::string_view name) const {
  return core_->options().key_prefix + std::string{name};
}

client_state client::state() const {
  return core_->state();
}

client_counters client::counters() const {
  return core_->counters();
}

void client::stop() {
  if (core_->context().get_executor().running_in_this_thread())
    return core_->stop();
  auto ended = std::make_shared<std::promise<void>>();
  auto end = ended->get_future();
  boost::asio::post(core_->context(), [core = core_, ended] {
    core->stop();
    ended->set_value();
  });
  if (end.wait_for(stop_patience) != std::future_status::ready)
    runtime::telemetry::get().error("redis.stuck server={} what=\"the I/O thread does not stop the client\"",
                                    to_string(core_->options().server));
}

} // namespace tutti::services::redis
