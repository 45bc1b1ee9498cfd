#include "tests/runtime/cluster/leases/conformance/lease_store.hpp"

#include <utility>

namespace tutti::tests::leases {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LeaseServer); // the memory provider has no server

LeaseStore::~LeaseStore() {
  for (auto& s : stores_)
    caf::anon_send_exit(s, caf::exit_reason::kill);
  if (world_)
    world_->settle();
}

world& LeaseStore::here() {
  if (!world_)
    world_ = GetParam().make({ttl});
  return *world_;
}

client LeaseStore::node(const std::string& name) {
  stores_.push_back(here().start_store());
  return {stores_.back(), {name, ++incarnations_}};
}

bool LeaseStore::eventually(const std::function<bool()>& condition, milliseconds within) {
  for (auto left = within; !condition(); left -= 5ms) {
    if (left <= 0ms)
      return false;
    pass(5ms);
  }
  return true;
}

void LeaseStore::open() {
  auto probe = node("probe");
  ASSERT_TRUE(eventually([&] {
    auto got = ask(probe, {"probe", 0, 0, ""});
    return got && got->grants.at(0).outcome == acquired::granted;
  }));
}

answer<leases_acquired> LeaseStore::ask(const client& by, lease_claim claim) {
  acquire_leases order{by.who, {}};
  order.claims.push_back(std::move(claim));
  return request<leases_acquired>(by, std::move(order));
}

lease_grant LeaseStore::acquire(const client& by, lease_claim claim) {
  acquire_leases order{by.who, {}};
  order.claims.push_back(std::move(claim));
  auto got = expect<leases_acquired>(by, order);
  return got.grants.empty() ? lease_grant{} : got.grants.front();
}

std::uint64_t LeaseStore::granted(const client& by, lease_claim claim) {
  auto got = acquire(by, std::move(claim));
  EXPECT_EQ(got.outcome, acquired::granted) << "held by " << got.holder.node;
  EXPECT_EQ(got.holder, by.who);
  return got.epoch;
}

bool LeaseStore::renew(const client& by, const std::string& name, std::uint64_t epoch, std::string value) {
  auto got = expect<leases_renewed>(by, renew_leases{by.who, {{name, epoch, std::move(value)}}});
  if (got.lost.empty())
    return true;
  EXPECT_EQ(got.lost, std::vector{name});
  return false;
}

void LeaseStore::release(const client& by, const std::string& name, std::uint64_t epoch) {
  expect<leases_released>(by, release_leases{by.who, {{name, epoch}}});
}

lease_state LeaseStore::state(const client& by, const std::string& name) {
  return expect<leases_read>(by, read_leases{{name}}).leases.at(0);
}

lease_page LeaseStore::list(const client& by, list_leases query) {
  return expect<lease_page>(by, std::move(query));
}

answer<table_written> LeaseStore::write(const client& by, write_table order) {
  return request<table_written>(by, std::move(order));
}

partition_table LeaseStore::table(const client& by) {
  return expect<table_read>(by, read_table{UINT32_MAX}).changed.value();
}

void LeaseServer::reconnect(const std::vector<client>& nodes) {
  for (auto& n : nodes)
    ASSERT_TRUE(eventually([&] { return bool(request<leases_read>(n, read_leases{{"x"}})); }));
}

} // namespace tutti::tests::leases
