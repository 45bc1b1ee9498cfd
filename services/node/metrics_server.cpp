#include "services/node/metrics_server.hpp"

#include "actors/http_gateway/admission/answers.hpp"

#include <exception>
#include <utility>
#include <vector>

namespace tutti::services::node {
namespace {

namespace http_gateway = actors::http_gateway;

class metrics_only final : public http_gateway::request_handler {
public:
  explicit metrics_only(const runtime::telemetry::metrics& metrics) : metrics_(metrics) {}

  http_gateway::admission admit(const http_gateway::request_head& head) noexcept override {
    if (head.target.substr(0, head.target.find('?')) != "/metrics")
      return problem(404, "only /metrics is served here", head.target);
    if (head.method != "GET" && head.method != "HEAD") {
      auto refused = problem(405, "this route takes GET, HEAD", head.target);
      refused.headers += "Allow: GET, HEAD\r\n";
      return refused;
    }
    http_gateway::response out;
    out.content_type = "text/plain; version=0.0.4; charset=utf-8";
    try {
      out.body = metrics_.render();
    } catch (const std::exception&) {
      return problem(503, "the metrics could not be rendered", head.target);
    }
    return out;
  }
  void handle(std::vector<http_gateway::request>&&) noexcept override {} // nothing is admitted
  http_gateway::response problem(int status, std::string_view detail,
                                 std::string_view target) noexcept override {
    try {
      return http_gateway::problem_answer(status, std::string{detail}, target);
    } catch (const std::exception&) {
      http_gateway::response out;
      out.status = status;
      return out;
    }
  }
  void answered(std::optional<std::uint32_t>, std::string_view, int,
                std::chrono::nanoseconds) noexcept override {}

private:
  const runtime::telemetry::metrics& metrics_;
};

} // namespace

std::unique_ptr<http::server> make_metrics_server(std::string address, std::uint16_t port,
                                                  const runtime::telemetry::metrics& metrics) {
  http::server_options options;
  options.address = std::move(address);
  options.port = port;
  options.max_connections = 100;
  return std::make_unique<http::server>(options, std::make_shared<metrics_only>(metrics));
}

} // namespace tutti::services::node
