#include "services/postgres/pool.hpp"

#include "services/postgres/pool_core.hpp"

#include <future>

#include <boost/asio/post.hpp>

namespace tutti::services::postgres {

std::string pool_options::validate() const {
  using std::chrono::milliseconds;
  if (!address::parse(url))
    return "the database URL is not valid";
  if (connections < 1 || connections > 100)
    return "connections must be 1 to 100";
  if (pipeline < 1 || pipeline > 64)
    return "pipeline must be 1 to 64";
  if (queue < 1)
    return "queue must be at least 1";
  for (auto time : {queue_wait, connect_timeout, unit_deadline, statement_timeout, lock_timeout, backoff_base,
                    ping_interval})
    if (time < milliseconds{1} || time > milliseconds{3'600'000})
      return "times must be 1 ms to 1 h";
  return backoff_max < backoff_base ? "backoff_max must not be under backoff_base" : "";
}

pool::pool(boost::asio::io_context& context, pool_options options, pool_observer observer)
    : context_(context),
      core_(std::make_shared<pool_core>(context, std::move(options), std::move(observer))) {
  boost::asio::post(context_, [core = core_] { core->start(); });
}

pool::~pool() {
  if (context_.get_executor().running_in_this_thread()) {
    core_->close();
    return;
  }
  std::promise<void> closed;
  boost::asio::post(context_, [&] {
    core_->close();
    // Behind what the callbacks have still asked for.
    boost::asio::post(context_, [&] { closed.set_value(); });
  });
  closed.get_future().wait();
}

void pool::run(unit work, answer_callback done) {
  boost::asio::post(context_, [core = core_, work = std::move(work), done = std::move(done),
                               asked = std::chrono::steady_clock::now()]() mutable {
    core->run(std::move(work), std::move(done), asked);
  });
}

void pool::retry(retry_options options, attempt once, answer_callback done) {
  boost::asio::post(context_, [core = core_, options, once = std::move(once), done = std::move(done)] {
    core->retry(options, once, done);
  });
}

pool_stats pool::stats() const {
  return core_->stats();
}

} // namespace tutti::services::postgres
