#include "tests/services/http/support.hpp"

#include <algorithm>
#include <fstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace tutti::tests::services_http;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true; // its memory says nothing
#else
constexpr bool sanitized = false;
#endif

constexpr std::string_view ask_now = "GET /now HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\n\r\n";

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(HttpServerCapacity, GivenTooManyConnectionsWhenConnectedThenToldToRetry) {
  served s({.max_connections = 3});
  std::vector<raw_client> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(s.connect());
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 3; }));
  auto extra = s.connect();
  extra.send(ask_now);
  auto r = extra.read();
  EXPECT_EQ(r.status, 503);
  EXPECT_EQ(r.field("Retry-After"), "1");
  EXPECT_EQ(r.field("Connection"), "close");
  extra.send_fin();
  EXPECT_TRUE(extra.closed());
  EXPECT_EQ(s.http.stats().rejected, 1u);
  clients.clear();
  ASSERT_TRUE(eventually([&] { return s.http.stats().open_connections == 0; }));
  auto later = s.connect();
  later.send(ask_now);
  EXPECT_EQ(later.read().status, 200);
}

/// Of all threads.
std::chrono::microseconds processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
         + std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

TEST(HttpServerCapacity, GivenNoDescriptorsWhenConnectedThenBacksOffAndServesLater) {
  served s;
  auto before = s.connect();
  before.send(ask_now);
  EXPECT_EQ(before.read().status, 200);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  auto next = ::dup(0);
  ::close(next);
  rlimit tight{static_cast<rlim_t>(next + 8), old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<int> fillers;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0))
    fillers.push_back(fd);
  ::close(fillers.back());
  fillers.pop_back();
  auto late = s.connect(); // has the last one, so that none is left to accept it with
  late.send(ask_now);
  auto busy = processor_time();
  EXPECT_FALSE(eventually([&] { return s.http.stats().accepted > 1; }, 300ms));
  EXPECT_LT(processor_time() - busy, 150ms) << "it spins";
  before.send(ask_now); // the others are served all the while
  EXPECT_EQ(before.read().status, 200);
  for (int fd : fillers)
    ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(late.read().status, 200);
}

TEST(HttpServerCapacity, GivenPipelinedFloodWhenNotAnsweredThenReadingPauses) {
  served s({.max_pipelined = 4, .header_timeout = 100ms});
  auto c = s.connect(8192);
  std::string flood;
  for (int i = 0; i < 200; ++i)
    flood += "GET /a HTTP/1.1\r\nHost: x\r\nX-Fill: " + std::string(400, 'x') + "\r\n\r\n";
  std::size_t sent = c.try_send(flood);
  ASSERT_TRUE(eventually([&] { return s.gate->waiting() == 4; }));
  EXPECT_FALSE(eventually([&] { return s.gate->waiting() > 4; }, 300ms)) << "beyond the header timeout";
  EXPECT_EQ(s.http.stats().in_flight, 4u);
  for (int i = 0; i < 200; ++i) {
    s.gate->take().reply({.body = "x"});
    sent += c.try_send(std::string_view(flood).substr(sent));
    EXPECT_LE(s.gate->waiting(), 4u);
    EXPECT_EQ(c.read().status, 200);
  }
}

TEST(HttpServerCapacity, GivenPipelinedBodiesWhenNotAnsweredThenTheirBytesAreBounded) {
  served s({.max_pipelined_bytes = 2000});
  auto c = s.connect();
  auto large = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x');
  c.send(large + large + large + large);
  ASSERT_TRUE(eventually([&] { return s.gate->waiting() == 2; }));
  EXPECT_FALSE(eventually([&] { return s.gate->waiting() > 2; }, 100ms));
  for (int i = 0; i < 4; ++i) {
    s.gate->take().reply({.body = "x"});
    EXPECT_EQ(c.read().status, 200);
  }
}

TEST(HttpServerCapacity, GivenFloodOfImmediateAnswersWhenReadThenAllInOrder) {
  served s;
  auto c = s.connect();
  std::string flood;
  for (int i = 0; i < 5000; ++i)
    flood += ask_now;
  std::thread sender([&] { c.send(flood); });
  for (int i = 0; i < 5000; ++i)
    ASSERT_EQ(c.read().body, "now");
  sender.join();
}

/// In a child: opens `count` connections, gets one answer on each, says so, and waits to be told to end.
[[noreturn]] void hold_connections(int count, int from_parent, int to_parent) {
  std::uint16_t port = 0;
  if (::read(from_parent, &port, sizeof port) != sizeof port)
    ::_exit(1);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  char bytes[4096];
  for (int i = 0; i < count; ++i) {
    auto fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0
        || ::send(fd, ask_now.data(), ask_now.size(), MSG_NOSIGNAL) < 0
        || ::recv(fd, bytes, sizeof bytes, 0) <= 0)
      ::_exit(2);
  }
  if (::write(to_parent, "x", 1) != 1 || ::read(from_parent, bytes, 1) < 0)
    ::_exit(3);
  ::_exit(0);
}

TEST(HttpServerCapacity, GivenTenThousandIdleConnectionsWhenKeptAliveThenLittleMemoryEach) {
  constexpr int count = sanitized ? 1000 : 10000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < count + 600)
    GTEST_SKIP() << "only " << files.rlim_cur << " open files are allowed here";
  int down[2], up[2];
  ASSERT_EQ(::pipe(down), 0);
  ASSERT_EQ(::pipe(up), 0);
  auto child = ::fork(); // before there are threads
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(down[1]); // so that the child ends with the parent
    hold_connections(count, down[0], up[1]);
  }
  ::close(up[1]);
  served s;
  auto warm = s.connect();
  warm.send(ask_now);
  warm.read();
  auto before = resident_bytes();
  auto port = s.http.port();
  ASSERT_EQ(::write(down[1], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  char done = 0;
  ASSERT_EQ(::read(up[0], &done, 1), 1) << "the child could not connect";
  EXPECT_EQ(s.http.stats().open_connections, count + 1u);
  auto each = static_cast<long>(resident_bytes() - before) / count;
  RecordProperty("bytes_per_idle_connection", std::to_string(each));
  std::cout << each << " bytes resident for each of " << count << " idle connections\n";
  EXPECT_LE(each, sanitized ? 1024 * 1024 : 8 * 1024);
  ::close(down[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(eventually([&] { return s.http.stats().open_connections == 1; }));
}

} // namespace
