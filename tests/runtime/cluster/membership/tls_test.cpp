#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/tls/throwaway_ca.hpp"
#include "tests/runtime/cluster/membership/fixture.hpp"

#include <cstdlib>
#include <filesystem>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

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
      make_throwaway_ca(fs::path{name} / ca, {"a", "b", "c"});
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

TEST_F(MembershipTls, GivenPlainClientWhenItConnectsThenRefused) {
  test_node a{with("ours", "a", 1)};
  struct config : caf::actor_system_config {
    config() { configure_remoting(*this); }
  } cfg;
  caf::actor_system plain{cfg};
  EXPECT_FALSE(plain.middleman().remote_actor("127.0.0.1", a.port()));
}

} // namespace
} // namespace tutti::tests::membership
