#include "tests/services/postgres/support.hpp"

#include <poll.h>

namespace tutti::tests {

using services::postgres::answer;
using services::postgres::unit;

bool eventually(const std::function<bool()>& condition) {
  auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

answer held_transaction::run(unit steps) {
  awaited<answer> got;
  handle->run(std::move(steps), got.callback());
  return got.get();
}

answer held_transaction::run(std::string_view sql) {
  return run(unit{}.add({"", sql}));
}

answer held_transaction::commit() {
  awaited<answer> got;
  handle->commit(got.callback());
  return got.get();
}

answer held_transaction::rollback() {
  awaited<answer> got;
  handle->rollback(got.callback());
  return got.get();
}

services::postgres::pool& Postgres::open(services::postgres::pool_options options) {
  if (options.url.empty())
    options.url = server.url();
  EXPECT_EQ(options.validate(), "");
  pool.reset();
  pool = std::make_unique<services::postgres::pool>(io.context(), std::move(options));
  return *pool;
}

answer Postgres::run(unit work) {
  if (!pool)
    open();
  awaited<answer> got;
  pool->run(std::move(work), got.callback());
  return got.get();
}

std::int64_t Postgres::number(std::string_view sql) {
  auto got = run(sql);
  if (!got.ok())
    throw std::runtime_error(got.error->text);
  return got.results.at(0)[0].get<std::int64_t>(0);
}

held_transaction Postgres::begin(services::postgres::transaction_options options) {
  if (!pool)
    open();
  awaited<held_transaction> got;
  pool->begin(options, [give = got.callback()](auto handle, auto error) {
    give({std::move(handle), std::move(error)});
  });
  return got.get();
}

std::string words(const answer& got) {
  if (got.ok())
    return "ok";
  constexpr const char* fates[] = {"not_sent", "rolled_back", "unknown"};
  return std::string{fates[static_cast<int>(got.error->fate)]} + " "
         + runtime::describe(got.error->to_error());
}

} // namespace tutti::tests
