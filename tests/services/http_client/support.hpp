#pragma once
#include "runtime/outbound/http.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "services/http_client/client.hpp"
#include "services/net/io_thread.hpp"
#include "tests/support/wire_server.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tutti::tests::services_http_client {

using namespace std::chrono_literals;
using runtime::outbound::http_failure;
using runtime::outbound::http_method;
using runtime::outbound::http_repeat;
using runtime::outbound::http_request;
using runtime::outbound::http_result;
using services::http_client::client_options;

/// As it came over the wire.
struct seen_request {
  std::string head;
  std::string body;
  bool has(std::string_view line) const {
    return head.find("\r\n" + std::string{line} + "\r\n") != head.npos;
  }
};
seen_request read_request(wire& from);
/// An answer with its length.
std::string answer(int status, std::string_view body, std::string_view headers = {});
/// Answers every request on every connection with what `give` says.
wire_server::script answering(std::function<std::string(const seen_request&)> give);

struct HttpClient : testing::Test {
  runtime::telemetry::metrics metrics;
  services::net::io_thread io{"test-http"};
  std::optional<services::http_client::client> client;

  /// The client, made at its first use.
  services::http_client::client& use(client_options options = {});
  std::future<http_result> start(http_request what);
  http_result ask(http_request what);
  http_result get(const std::string& url);
  /// In the text format; "" when there is no such series.
  std::string metric(const std::string& series) const;
};

} // namespace tutti::tests::services_http_client
