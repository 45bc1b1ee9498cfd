#pragma once
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace tutti::services::net {

/// Waits for the socket of a library without owning it: on a duplicate of its descriptor, because libpq and
/// curl close and replace their own as they like.
class socket_watch {
public:
  explicit socket_watch(boost::asio::io_context& context) : socket_(context) {}
  ~socket_watch() { stop(); }
  socket_watch(const socket_watch&) = delete;
  socket_watch& operator=(const socket_watch&) = delete;

  /// The descriptor that the library has now; false when there is none. Ends the waits on the one before.
  bool follow(int descriptor);
  /// One call when it is ready, or has failed, none after stop() or follow(). A second wait of the same kind
  /// while one is open does nothing.
  void wait_read(std::function<void()> then) {
    wait(reading_, boost::asio::posix::stream_descriptor::wait_read, std::move(then));
  }
  void wait_write(std::function<void()> then) {
    wait(writing_, boost::asio::posix::stream_descriptor::wait_write, std::move(then));
  }
  void stop() noexcept;

private:
  using open_wait = std::shared_ptr<bool>; ///< whether its answer is still wanted; null: no wait
  void wait(open_wait& mine, boost::asio::posix::stream_descriptor::wait_type kind,
            std::function<void()> then);

  boost::asio::posix::stream_descriptor socket_;
  open_wait reading_, writing_;
};

} // namespace tutti::services::net
