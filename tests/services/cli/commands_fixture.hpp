#pragma once
#include "services/cli/client/json.hpp"
#include "tests/services/cli/process.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests {

struct result {
  int code = -1;
  std::string out, err;

  services::cli::json parsed() const {
    return services::cli::json::parse(out).value_or(services::cli::json{});
  }
};

/// The address in a node's log; "" until it serves.
std::string url_in(const std::string& log);

/// Of the built binary.
result run_tutti(std::vector<std::string> arguments, const std::vector<std::string>& environment = {},
                 const std::string& input = {});

/// Commands against a node of the built binary.
struct Commands : testing::Test {
  std::unique_ptr<process> node = start();
  std::string url;

  static std::unique_ptr<process> start(std::vector<std::string> environment = {});
  void SetUp() override;
  void TearDown() override;

  result tutti(std::vector<std::string> arguments, const std::string& input = {});
  /// Of a job that is submitted and has ended.
  std::string submit_and_wait(std::vector<std::string> arguments);
};

} // namespace tutti::tests
