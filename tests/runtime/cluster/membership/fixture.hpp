#pragma once
#include "runtime/telemetry/log.hpp"
#include "tests/runtime/cluster/membership/test_node.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace tutti::tests::membership {

/// Nodes of one cluster in this process, with what they log.
struct Membership : testing::Test {
  std::shared_ptr<shared_leases> leases = std::make_shared<shared_leases>(1s);
  std::shared_ptr<runtime::telemetry::log_capture> log = std::make_shared<runtime::telemetry::log_capture>();

  void SetUp() override {
    runtime::telemetry::log_options options;
    options.capture = log;
    runtime::telemetry::init(options);
  }
  void TearDown() override { runtime::telemetry::init({}); }

  bool logged(const std::string& text) {
    auto lines = log->lines();
    return std::any_of(lines.begin(), lines.end(), [&](auto& l) { return l.find(text) != l.npos; });
  }
  node_options as(const std::string& name, std::uint64_t incarnation = 1,
                  std::vector<endpoint> addresses = {}) {
    node_options out;
    out.name = name;
    out.incarnation = incarnation;
    out.addresses = std::move(addresses);
    out.store = stores_of(leases);
    return out;
  }
};

} // namespace tutti::tests::membership
