#include "services/net/io_thread.hpp"

#include <pthread.h>

namespace tutti::services::net {

io_thread::io_thread(const char* name) : thread_([this] { context_.run(); }) {
  ::pthread_setname_np(thread_.native_handle(), name);
}

io_thread::~io_thread() {
  context_.stop();
  thread_.join();
}

} // namespace tutti::services::net
