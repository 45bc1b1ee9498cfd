#include "runtime/cluster/links/connector.hpp"
#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/tls/throwaway_ca.hpp"
#include "tests/runtime/cluster/membership/fixture.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests::membership {
namespace {

namespace fs = std::filesystem;

struct MembershipTls : Membership {
  fs::path folder = make_folder();

  static fs::path make_folder() {
    auto name = (fs::temp_directory_path() / "tutti-member-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error("no temporary folder");
    for (auto* ca : {"ours", "foreign"}) {
      fs::create_directory(fs::path{name} / ca);
      make_throwaway_ca(fs::path{name} / ca, {"a", "b", "c", "d"});
    }
    return name;
  }
  ~MembershipTls() override { fs::remove_all(folder); }

  node_options with(const char* ca, const std::string& name, std::uint64_t incarnation,
                    std::vector<endpoint> addresses = {}) {
    auto out = as(name, incarnation, std::move(addresses));
    out.tls = throwaway_tls(folder / ca, name);
    return out;
  }
};

TEST_F(MembershipTls, GivenCertificatesOfOneCaWhenStartedThenEachReachesAll) {
  test_node a{with("ours", "a", 1)};
  test_node b{with("ours", "b", 2, {a.address()})}, c{with("ours", "c", 3, {a.address()})};
  for (auto* n : {&a, &b, &c})
    EXPECT_TRUE(eventually([&] { return n->sees_up({"a", "b", "c"}); }));
}

TEST_F(MembershipTls, GivenForeignCaWhenDialledEitherWayThenNoPeerAndOthersAreServed) {
  test_node a{with("ours", "a", 1)};
  test_node b{with("foreign", "b", 2, {a.address()})}; // each sees the other's lease, and dials
  EXPECT_TRUE(eventually(
      [&] { return a.sees("b", member_state::up, false) && b.sees("a", member_state::up, false); }));
  EXPECT_TRUE(eventually([&] {
    return logged("peer.not_connected address=127.0.0.1:" + std::to_string(a.port()))
           && logged("peer.not_connected address=127.0.0.1:" + std::to_string(b.port()));
  }));
  test_node c{with("ours", "c", 3, {a.address()})};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "c"}) && c.sees_up({"a", "c"}); }));
  EXPECT_EQ(a.count("up b 2") + b.count("up a 1"), 0u);
}

TEST_F(MembershipTls, GivenCertificateOfAnotherNodeWhenDialledEitherWayThenNoPeerAndBothSayWhy) {
  test_node a{with("ours", "a", 1)};
  auto options = with("ours", "c", 2, {a.address()});
  options.name = "b";
  test_node b{options};
  EXPECT_TRUE(eventually(
      [&] { return a.sees("b", member_state::up, false) && logged("peer.refused reason=node 'b' at "); }));
  auto words = "reason=node 'b' at 127.0.0.1:" + std::to_string(b.port()) + " has the certificate of c";
  EXPECT_TRUE(eventually([&] {
    return logged("peer.refused " + words) // by a, when b dials it
           && logged("peer.not_connected address=127.0.0.1:" + std::to_string(b.port()) + " " + words)
           && logged("peer.not_connected address=127.0.0.1:" + std::to_string(a.port()) + " " + words);
  }));
  test_node c{with("ours", "c", 3, {a.address()})};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "c"}) && c.sees_up({"a", "c"}); }));
  EXPECT_EQ(a.count("up b 2") + c.count("up b 2"), 0u);
}

TEST_F(MembershipTls, GivenOneCertificateThatNamesAllNodesWhenStartedThenEachReachesAll) {
  auto shared = (folder / "shared").string();
  auto make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -keyout " + shared
              + ".key -out " + shared + ".crt -subj /CN=cluster -addext subjectAltName=DNS:a,URI:b 2>/dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  auto node = [&](const char* name, std::uint64_t incarnation, std::vector<endpoint> addresses = {}) {
    auto out = as(name, incarnation, std::move(addresses));
    out.tls = {runtime::config::tls_mode::on, shared + ".crt", shared + ".key", shared + ".crt"};
    return out;
  };
  test_node a{node("a", 1)};
  test_node b{node("b", 2, {a.address()})}, c{node("c", 3, {a.address()})};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
  EXPECT_TRUE(eventually([&] { return logged("has the certificate of a b cluster"); }));
  EXPECT_EQ(a.count("up c 3") + b.count("up c 3"), 0u);
}

TEST_F(MembershipTls, GivenPlainClientWhenItConnectsThenRefused) {
  test_node a{with("ours", "a", 1)};
  struct config : caf::actor_system_config {
    config() { configure_remoting(*this); }
  } cfg;
  caf::actor_system plain{cfg};
  EXPECT_FALSE(plain.middleman().remote_actor("127.0.0.1", a.port()));
}

/// A connection of somebody who is no node.
class stranger {
public:
  explicit stranger(std::uint16_t port, const std::string& words = {}) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    if (connected_ && !words.empty())
      connected_ = ::send(fd_, words.data(), words.size(), MSG_NOSIGNAL) > 0;
  }
  ~stranger() { ::close(fd_); }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  bool connected() const { return connected_; }
  /// The other side has closed it.
  bool closed() const {
    char c = 0;
    auto size = ::recv(fd_, &c, 1, MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno == ECONNRESET);
  }

private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool connected_ = false;
};

TEST_F(MembershipTls, GivenStrangersOfAllKindsWhenTheyConnectThenLinksStayAndNodesJoin) {
  test_node a{with("ours", "a", 1)};
  test_node b{with("ours", "b", 2, {a.address()})};
  ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
  std::vector<std::unique_ptr<stranger>> silent;
  for (std::size_t i = 0; i < connector::max_strangers * 2; ++i) {
    for (auto* words : {"", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02"})
      EXPECT_TRUE((stranger{a.port(), words}.connected()));
    silent.push_back(std::make_unique<stranger>(a.port()));
  }
  EXPECT_TRUE(eventually([&] { return silent.front()->closed(); }, 2s)) << "only so many are kept";
  test_node foreign{with("foreign", "c", 3, {a.address()})};
  EXPECT_TRUE(
      eventually([&] { return logged("peer.not_connected address=127.0.0.1:" + std::to_string(a.port())); }));
  auto began = std::chrono::steady_clock::now();
  test_node d{with("ours", "d", 4, {a.address()})};
  EXPECT_TRUE(eventually([&] { return d.count("up a 1") == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_TRUE(eventually([&] { return silent.back()->closed(); }, 10s)) << "nobody may be silent for ever";
  EXPECT_EQ(a.count("down b 2") + b.count("down a 1"), 0u);
  EXPECT_TRUE(a.sees_up({"a", "b", "d"}));
}

TEST_F(MembershipTls, GivenCertificateThatIsNotThereWhenStartedThenItEndsWithWords) {
  auto options = with("ours", "a", 1);
  options.tls.certificate = "/no/such.crt";
  test_node a{options};
  ASSERT_TRUE(eventually([&] { return !a.ended().empty(); }));
  EXPECT_EQ(a.ended().rfind("rejected: cluster.tls: certificate /no/such.crt", 0), 0u) << a.ended();
}

TEST_F(MembershipTls, GivenRunningNodeWhenItsFilesDisappearThenOthersStillJoin) {
  test_node a{with("ours", "a", 1)};
  auto b = with("ours", "b", 2, {a.address()});
  for (auto* file : {"a.crt", "a.key"})
    fs::remove(folder / "ours" / file);
  test_node second{b};
  EXPECT_TRUE(eventually([&] { return a.sees_up({"a", "b"}); }));
}

} // namespace
} // namespace tutti::tests::membership
