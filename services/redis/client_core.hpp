#pragma once
#include "services/redis/client.hpp"
#include "services/redis/connection.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tutti::services::redis {

/// What a client's handle stands for; lives on while the loop still has something of it.
class client_core final : public connection_owner, public std::enable_shared_from_this<client_core> {
public:
  using clock = pending_call::clock;

  client_core(boost::asio::io_context& context, client_options options);

  // From any thread.
  void send(command_batch&& batch, clock::time_point deadline, completion&& done);
  client_state state() const;
  client_counters counters() const;
  const client_options& options() const noexcept { return options_; }
  boost::asio::io_context& context() noexcept { return context_; }

  // On the loop's thread.
  void connect();
  void stop();

  void opened(server_facts facts) override;
  void replied(reply&& answer) override;
  void pause() override;
  void written() override;
  void broken(std::string reason, bool refused = false) override;

private:
  enum class phase : std::uint8_t { connecting, ready, backing_off, stopped };

  std::string admit(const command_batch& batch);
  void drain_inbox();
  void flush();
  void finish(pending_call&& call, outcome lost, const std::string& reason);
  void fail_all(std::deque<pending_call>&& calls, outcome lost, const std::string& reason);
  void publish(bool connected, const std::string& reason, bool refused = false);
  void log_loss(bool was_ready, const std::string& reason, std::chrono::milliseconds retry_in);
  std::chrono::milliseconds next_delay();

  // Timers.
  void after(std::chrono::milliseconds delay, void (client_core::*what)());
  void connect_overdue();
  void ping();
  void watch(clock::time_point deadline);
  void sweep();

  boost::asio::io_context& context_;
  client_options options_;
  std::shared_ptr<const connection_settings> settings_;
  boost::asio::steady_timer phase_timer_{context_};
  boost::asio::steady_timer deadline_timer_{context_};
  clock::time_point watched_ = clock::time_point::max(); // the deadline that deadline_timer_ is set to

  phase phase_ = phase::connecting;
  std::shared_ptr<connection> connection_;
  clock::time_point ready_since_{};
  unsigned failures_ = 0; // attempts since the last connection that lasted
  bool writing_ = false;
  bool leaving_ = false;             // the server is no master any more: nothing is written to it
  clock::time_point last_written_{}; // of the latest call that was answered
  std::deque<pending_call> queued_;
  std::deque<pending_call> in_flight_; // also what is being written
  std::string output_;
  std::minstd_rand random_{std::random_device{}()};
  std::string logged_reason_;
  clock::time_point logged_at_{};

  std::atomic<std::size_t> commands_{0}; // queued and in flight
  std::atomic<std::size_t> bytes_{0};    // the same
  std::atomic<std::int64_t> round_trip_us_{0};
  struct {
    std::atomic<std::uint64_t> connects{0}, losses{0}, commands{0}, server_errors{0}, scripts_loaded{0},
        not_sent{0}, unknown{0};
  } counted_;

  mutable std::mutex state_mutex_;
  client_state state_; // guarded by state_mutex_, written on the loop's thread

  std::mutex inbox_mutex_;
  std::vector<pending_call> inbox_;   // guarded by inbox_mutex_
  bool inbox_closed_ = false;         // guarded by inbox_mutex_
  std::vector<pending_call> arrived_; // the part that is being worked off
};

} // namespace tutti::services::redis
