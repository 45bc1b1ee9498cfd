#pragma once
#include "services/http_client/circuit.hpp"
#include "services/http_client/client.hpp"
#include "services/http_client/multi_loop.hpp"
#include "services/http_client/service_metrics.hpp"
#include "services/http_client/transfer.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tutti::services::http_client {

/// What a client's handle stands for; lives on while the loop still has something of it.
class client_core : public std::enable_shared_from_this<client_core> {
public:
  using completion = runtime::outbound::http_client::completion;

  client_core(boost::asio::io_context& context, runtime::telemetry::metrics& metrics, client_options options);

  // From any thread.
  void send(runtime::outbound::http_request&& request, completion&& done);
  /// What has been taken before comes before stop().
  void refuse();
  boost::asio::io_context& context() noexcept { return context_; }

  // On the loop's thread.
  void stop();

private:
  using clock = circuit::clock;
  using failure = runtime::outbound::http_failure;
  /// Of a service and a host.
  using circuit_key = std::pair<std::string, std::string>;

  struct call {
    runtime::outbound::http_request request;
    completion done;
    clock::time_point deadline;
    circuit_key host{};
    service_metrics* counted = nullptr;
    std::optional<http_client::transfer> attempt{};
    clock::time_point began{}; ///< of the attempt
    bool on_trial = false;     ///< the attempt decides about its circuit
    std::optional<boost::asio::steady_timer> backoff{};
    runtime::outbound::http_result result{}; ///< so far
  };
  using call_ptr = std::shared_ptr<call>;

  std::string admit(std::size_t bytes);
  void start(const call_ptr& c);
  void attempt(const call_ptr& c);
  void ended(CURL* which, CURLcode how);
  void judge(call& c, clock::time_point now);
  void count(call& c, clock::time_point now);
  /// Nothing: this is the end of it.
  std::optional<std::chrono::milliseconds> retry_in(const call& c, clock::time_point now) const;
  void fail(const call_ptr& c, failure what, std::string why);
  void finish(const call_ptr& c);

  circuit& circuit_of(const circuit_key& host);
  void show_circuits(const std::string& service);
  service_metrics& metrics_of(const std::string& service);

  boost::asio::io_context& context_;
  runtime::telemetry::metrics& metrics_;
  const client_options options_;
  std::map<std::string, service_metrics, std::less<>> services_;
  std::map<circuit_key, circuit> circuits_; // those with failures
  std::unordered_set<call_ptr> calls_;      // all
  std::unordered_map<CURL*, call_ptr> under_way_;
  std::shared_ptr<multi_loop> multi_; // null: stopped

  std::atomic<std::size_t> requests_{0}, bytes_{0};
  std::mutex mutex_;
  bool closed_ = false; // guarded by mutex_
};

} // namespace tutti::services::http_client
