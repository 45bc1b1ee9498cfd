#pragma once
#include "runtime/cluster/leases/store.hpp"
#include "runtime/error.hpp"
#include "tests/runtime/cluster/leases/conformance/provider.hpp"

#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests::leases {

using namespace runtime::cluster;
using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// An answer to a request, or why there is none.
template <class T>
struct answer {
  std::optional<T> value;
  caf::error error;
  explicit operator bool() const { return value.has_value(); }
  const T* operator->() const { return &value.value(); }
};

/// One node as the store sees it: its name, its incarnation, its connection.
struct client {
  caf::actor store;
  lease_holder who;
};

class LeaseStore : public testing::TestWithParam<provider> {
protected:
  ~LeaseStore() override;

  milliseconds ttl = GetParam().ttl; ///< to be changed before the first use of the store

  world& here();
  client node(const std::string& name);
  void pass(microseconds duration) { here().pass(duration); }
  bool eventually(const std::function<bool()>& condition, milliseconds within = 30s);
  /// Until the store grants what nobody holds: Redis takes its first start for a restart.
  void open();

  /// One claim.
  answer<leases_acquired> ask(const client& by, lease_claim claim);
  /// Expects an answer.
  lease_grant acquire(const client& by, lease_claim claim);
  lease_grant acquire(const client& by, const std::string& name) {
    return acquire(by, lease_claim{name, 0, 0, ""});
  }
  /// Expects a grant; its epoch.
  std::uint64_t granted(const client& by, lease_claim claim);
  std::uint64_t granted(const client& by, const std::string& name) {
    return granted(by, lease_claim{name, 0, 0, ""});
  }
  /// Whether it goes on.
  bool renew(const client& by, const std::string& name, std::uint64_t epoch, std::string value = "");
  void release(const client& by, const std::string& name, std::uint64_t epoch);
  lease_state state(const client& by, const std::string& name);
  lease_page list(const client& by, list_leases query);
  answer<table_written> write(const client& by, write_table order);
  partition_table table(const client& by);

  template <class Answer, class Query>
  answer<Answer> request(const client& by, Query query) {
    caf::scoped_actor asker{here().system()};
    auto handle = asker->request(by.store, 30s, std::move(query));
    here().settle();
    answer<Answer> out;
    handle.receive([&](Answer& value) { out.value = std::move(value); },
                   [&](caf::error& e) { out.error = std::move(e); });
    return out;
  }
  /// Asks again, as owners do, while a busy machine lets calls run out of time; all but write_table allow
  /// that.
  template <class Answer, class Query>
  Answer expect(const client& by, const Query& query) {
    answer<Answer> got;
    eventually([&] {
      got = request<Answer>(by, query);
      return got || runtime::is(got.error, runtime::ec::rejected);
    });
    EXPECT_TRUE(got) << runtime::describe(got.error);
    return got ? std::move(*got.value) : Answer{};
  }

private:
  std::unique_ptr<world> world_;
  std::vector<caf::actor> stores_;
  std::uint64_t incarnations_ = 100;
};

/// With a server that can fail.
class LeaseServer : public LeaseStore {
protected:
  lease_server& server() { return *here().server(); }
  /// Until each has its connection again. Reading changes nothing, so no time runs for anybody.
  void reconnect(const std::vector<client>& nodes);
};

} // namespace tutti::tests::leases
