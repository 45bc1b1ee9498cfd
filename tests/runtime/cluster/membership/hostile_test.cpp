#include "runtime/cluster/links/remoting.hpp"
#include "runtime/cluster/membership/hello.hpp"
#include "runtime/wire/codec.hpp"
#include "tests/runtime/cluster/membership/fixture.hpp"

#include <future>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::tests::membership {

/// A hello of a later version.
struct newer_hello {
  std::string cluster = "test";
  member_info node;
  std::int64_t lease_ttl_ms = 1'000;
  std::string later = "what will be added";
};
template <class F>
void fields(F& f, newer_hello& x) {
  f("cluster", x.cluster);
  f("node", x.node);
  f("lease_ttl_ms", x.lease_ttl_ms);
  f("later", x.later);
}

struct alien_message {
  std::string what;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, alien_message& x) {
  return f(x.what);
}

namespace {

using hello_word = caf::atom_constant<caf::atom("hello")>;

/// A process that speaks CAF, and is no node of ours.
struct MembershipPeer : Membership {
  struct config : caf::actor_system_config {
    config() {
      configure_remoting(*this);
      add_message_type<alien_message>("alien_message");
    }
  };
  config cfg;
  caf::actor_system sys{cfg};
  std::vector<caf::actor> actors;
  caf::actor membership = dummy(), router = dummy();

  ~MembershipPeer() override {
    caf::scoped_actor waiting{sys};
    for (auto& a : actors) {
      caf::anon_send_exit(a, caf::exit_reason::kill);
      waiting->wait_for(a);
    }
  }
  caf::actor dummy() {
    actors.push_back(sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::drop);
      return {[](int) {}};
    }));
    return actors.back();
  }
  caf::actor connect(test_node& to) {
    auto out = sys.middleman().remote_actor("127.0.0.1", to.port());
    if (!out)
      throw std::runtime_error("cannot connect");
    return *out;
  }
  template <class... Words>
  caf::error ask(const caf::actor& whom, const Words&... words) {
    caf::error out;
    caf::scoped_actor self{sys};
    self->request(whom, 5s, words...)
        .receive([](hello_word, const std::string&, const caf::actor&, const caf::actor&) {},
                 [&](caf::error& e) { out = std::move(e); });
    return out;
  }
  /// The sender of a hello has to be of its node, as a scoped actor is.
  caf::error greet(test_node& to, const std::string& bytes) {
    return ask(connect(to), hello_word::value, bytes, membership, router);
  }
  member_info info(const std::string& name = "z") { return {name, 7, "127.0.0.1", 1, "", {}, "later"}; }
};

TEST_F(MembershipPeer, GivenNewerHelloWithAnUnknownFieldWhenGreetedThenTaken) {
  test_node a{as("a")};
  auto bytes = encode_hello({}, 3, 1);
  newer_hello newer;
  newer.node = info();
  bytes.resize(2); // the numbers of the protocols
  bytes += runtime::wire::encode(newer);
  EXPECT_FALSE(greet(a, bytes));
  EXPECT_TRUE(eventually([&] { return a.sees("z", member_state::joining, true); }));
  EXPECT_EQ(a.find("z")->info.version, "later");
  EXPECT_TRUE(eventually([&] { return a.count("down z 7") == 1; })) << "it answers no pings";
}

TEST_F(MembershipPeer, GivenProtocolBeyondOursWhenGreetedThenRefusedWithBothRanges) {
  test_node a{as("a")};
  auto refused = greet(a, encode_hello({"test", info(), 1'000}, 9, 8));
  EXPECT_TRUE(is(refused, runtime::ec::rejected));
  EXPECT_EQ(runtime::words(refused), "no common protocol: one node speaks 8 to 9, the other 1 to 1");
  EXPECT_TRUE(logged("peer.refused reason=no common protocol"));
}

TEST_F(MembershipPeer, GivenHandlesOfAnotherNodeWhenGreetedThenRefused) {
  test_node a{as("a")}, b{as("b", 2)};
  auto other = connect(b);
  auto refused = ask(connect(a), hello_word::value, encode_hello({"test", info(), 1'000}), membership, other);
  EXPECT_TRUE(is(refused, runtime::ec::malformed));
  EXPECT_EQ(a.count("up z 7"), 0u);
}

TEST_F(MembershipPeer, GivenNameOfALivePeerWhenAnotherIncarnationGreetsThenRefused) {
  test_node a{as("a")}, b{as("b", 2)};
  ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}); }));
  auto refused = greet(a, encode_hello({"test", info("b"), 1'000}));
  EXPECT_EQ(runtime::words(refused),
            "the name 'b' is taken by the live node at 127.0.0.1:" + std::to_string(b.port()));
  EXPECT_EQ(a.events(), std::vector<std::string>{"up b 2"});
}

TEST_F(MembershipPeer, GivenRubbishWhenSentThenNothingHappens) {
  test_node a{as("a")}, b{as("b", 2)};
  ASSERT_TRUE(eventually([&] { return a.sees_up({"a", "b"}) && b.sees_up({"a", "b"}); }));
  auto target = connect(a);
  EXPECT_TRUE(is(greet(a, ""), runtime::ec::malformed));
  EXPECT_TRUE(is(greet(a, std::string(3'000, '\xff')), runtime::ec::malformed));
  EXPECT_TRUE(ask(target, std::string{"what"})) << "answered with an error";
  EXPECT_TRUE(ask(target, alien_message{"ours only"}));
  caf::scoped_actor self{sys};
  self->send(target, alien_message{"x"});
  self->send(target, caf::make_error(caf::sec::runtime_error, "boo"));
  self->send(target, caf::atom_constant<caf::atom("pong")>::value, std::uint64_t{99});
  EXPECT_TRUE(ask(target, std::string{"what"})) << "all before it has been handled";
  EXPECT_EQ(a.ended(), "");
  EXPECT_EQ(a.events(), std::vector<std::string>{"up b 2"});
}

/// A listener whose queue is full: the system drops what else wants to connect, as a dead host does.
struct black_hole {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::vector<int> waiting;
  sockaddr_in at{};

  black_hole() {
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listening, address, size) != 0 || ::listen(listening, 0) != 0
        || ::getsockname(listening, address, &size) != 0)
      throw std::runtime_error("no black hole");
    for (int i = 0; i < 3; ++i) {
      waiting.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(waiting.back(), address, size);
    }
  }
  ~black_hole() {
    for (int fd : waiting)
      ::close(fd);
    ::close(listening);
  }
  endpoint address() const { return {"127.0.0.1", ntohs(at.sin_port)}; }
};

TEST_F(Membership, GivenSeedsThatSwallowConnectionsWhenStartedThenTheOthersAreReached) {
  black_hole first, second;
  test_node a{as("a")};
  auto began = std::chrono::steady_clock::now();
  {
    auto options = as("b", 2, {first.address(), second.address(), a.address()});
    options.store = stores_of(std::make_shared<shared_leases>(1s)); // a is known as a seed only
    test_node b{options};
    EXPECT_TRUE(eventually([&] { return b.count("up a 1") == 1; }));
    EXPECT_TRUE(eventually([&] { return logged("reason=no answer"); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "the end must not wait for them either";
}

} // namespace
} // namespace tutti::tests::membership
