#include "services/net/socket_watch.hpp"

#include <utility>

#include <fcntl.h>

namespace tutti::services::net {

bool socket_watch::follow(int descriptor) {
  stop();
  auto copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0)
    return false;
  socket_.assign(copy);
  return true;
}

void socket_watch::wait(open_wait& mine, boost::asio::posix::stream_descriptor::wait_type kind,
                        std::function<void()> then) {
  if (mine)
    return;
  mine = std::make_shared<bool>(true);
  // `mine` is looked at only while wanted, that is while this object is alive.
  socket_.async_wait(kind, [&mine, wanted = mine, then = std::move(then)](boost::system::error_code) {
    if (!*wanted)
      return;
    mine = nullptr;
    then();
  });
}

void socket_watch::stop() noexcept {
  for (auto* one : {&reading_, &writing_})
    if (auto open = std::exchange(*one, nullptr))
      *open = false;
  boost::system::error_code ignored; // closing a duplicate of a socket has nothing to report
  socket_.close(ignored);
}

} // namespace tutti::services::net
