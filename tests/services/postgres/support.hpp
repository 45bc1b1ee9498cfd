#pragma once
#include "services/net/io_thread.hpp"
#include "services/postgres/pool.hpp"
#include "tests/support/postgres_server.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace tutti::tests {

/// Only reached when something is broken.
inline constexpr std::chrono::seconds patience{30};

/// Asks until it is true, or for too long.
bool eventually(const std::function<bool()>& condition);

/// The answer of a callback, waited for. A second call fails the test.
template <class T>
class awaited {
public:
  std::function<void(T)> callback() {
    return [state = state_](T value) {
      if (state->calls++ == 0)
        state->promise.set_value(std::move(value));
      else
        ADD_FAILURE() << "called twice";
    };
  }
  T get() {
    auto future = state_->promise.get_future();
    if (future.wait_for(patience) != std::future_status::ready)
      throw std::runtime_error("no callback");
    return future.get();
  }

private:
  struct shared {
    std::promise<T> promise;
    std::atomic<int> calls{0};
  };
  std::shared_ptr<shared> state_ = std::make_shared<shared>();
};

/// A begun transaction whose steps are waited for.
struct held_transaction {
  std::shared_ptr<services::postgres::transaction> handle;
  std::optional<services::postgres::failure> error;

  services::postgres::answer run(services::postgres::unit steps);
  services::postgres::answer run(std::string_view sql);
  services::postgres::answer commit();
  services::postgres::answer rollback();
};

/// A server and a pool, called as if they blocked.
struct Postgres : testing::Test {
  services::postgres::pool& open(services::postgres::pool_options options = {});
  services::postgres::answer run(services::postgres::unit work);
  /// One statement that is not prepared. `sql` must outlive the call.
  template <class... Parameters>
  services::postgres::answer run(std::string_view sql, const Parameters&... parameters) {
    return run(services::postgres::unit{}.add({"", sql}, parameters...));
  }
  std::int64_t number(std::string_view sql);
  held_transaction begin(services::postgres::transaction_options options = {});

  postgres_server server;
  services::net::io_thread io{"pg-test"};
  std::unique_ptr<services::postgres::pool> pool; ///< made by open(), or by the first run()
};

/// For messages of failed tests.
std::string words(const services::postgres::answer& got);

} // namespace tutti::tests
