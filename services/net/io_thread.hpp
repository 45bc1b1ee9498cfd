#pragma once
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace tutti::services::net {

/// One thread that runs an io_context, for the clients of the stores. They end before it does.
class io_thread {
public:
  /// `name` as in ps, at most 15 characters.
  explicit io_thread(const char* name);
  /// Stops the context: operations that are still open never complete.
  ~io_thread();

  boost::asio::io_context& context() noexcept { return context_; }

private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::thread thread_;
};

} // namespace tutti::services::net
