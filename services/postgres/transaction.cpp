#include "services/postgres/transaction.hpp"

#include "services/postgres/lease.hpp"
#include "services/postgres/pool.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace tutti::services::postgres {
namespace {

using runtime::ec;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds rollback_deadline{2'000};

/// By isolation, then whether it is read-only: literals, as statements are views.
constexpr std::array<std::array<std::string_view, 2>, 3> begin_sql{{
    {"BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"},
    {"BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    {"BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"},
}};

constexpr statement limits{"transaction_limits",
                           "SELECT set_config('statement_timeout', $1, true),"
                           " set_config('lock_timeout', $2, true),"
                           " set_config('idle_in_transaction_session_timeout', $3, true)"};

} // namespace

lease::lease(std::shared_ptr<pool_core> pool, transaction_options options)
    : pool_(std::move(pool)), options_(options), deadline_(steady_clock::now() + options.deadline),
      timer_(pool_->context()) {}

void lease::begin(transaction_callback then) {
  pool_->acquire(deadline_, [self = shared_from_this(), then = std::move(then)](auto on, auto why) mutable {
    if (why) {
      answer_guarded([&](const answer&) { then(nullptr, std::move(why)); }, {});
      return;
    }
    self->on_ = std::move(on);
    self->watch_deadline();
    self->send_begin(std::move(then));
  });
}

void lease::send_begin(transaction_callback then) {
  unit first;
  auto text = [](milliseconds time) { return std::to_string(time.count()); };
  first.add({"", begin_sql[static_cast<std::size_t>(options_.isolation)][options_.read_only ? 1 : 0]});
  first.add(limits, text(options_.statement_timeout), text(options_.lock_timeout),
            text(options_.idle_timeout));
  send(std::move(first.calls), {}, deadline_,
       [self = shared_from_this(), then = std::move(then)](answer got) {
         if (!got.ok()) {
           self->end();
           then(nullptr, std::move(got.error));
         } else {
           then(std::make_shared<transaction>(self), std::nullopt);
         }
       });
}

void lease::watch_deadline() {
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self || !self->on_)
      return;
    failure why{ec::timeout,
                fate::unknown,
                {},
                fmt::format("the transaction took longer than {} ms", self->options_.deadline.count())};
    if (!self->failed_) {
      self->failed_ = why;
      self->failed_->fate = fate::rolled_back;
    }
    auto on = self->on_;
    on->close(why);
  });
}

void lease::send(std::vector<call> calls, std::string script, steady_time deadline, answer_callback done) {
  on_->send({std::move(calls), std::move(script), deadline, std::move(done)});
}

failure lease::ended() const {
  return failed_.value_or(failure{ec::conflict, fate::rolled_back, {}, "the transaction has ended"});
}

void lease::step(std::vector<call> calls, std::string script, milliseconds limit, answer_callback done) {
  auto why = check(calls);
  if (!on_ || ending_ || failed_)
    why = ended();
  else if (!why && calls.empty() && script.empty())
    why = failure{ec::failed, fate::not_sent, {}, "a step without statements"};
  if (why) {
    why->fate = fate::rolled_back;
    if (!ending_ && !failed_)
      failed_ = why;
    answer_guarded(done, {{}, std::move(why)});
    return;
  }
  auto until = limit.count() > 0 ? std::min(deadline_, steady_clock::now() + limit) : deadline_;
  send(std::move(calls), std::move(script), until,
       [self = shared_from_this(), done = std::move(done)](answer got) {
         if (!got.ok()) {
           if (self->failed_) // the server only says that there was an error before
             got.error = self->failed_;
           got.error->fate = fate::rolled_back; // without a COMMIT, whatever happened to the connection
           self->failed_ = got.error;
         }
         self->pool_->count(got);
         done(std::move(got));
       });
}

void lease::commit(answer_callback done) {
  if (!on_ || ending_) {
    answer_guarded(done, {{}, failure{ec::conflict, fate::rolled_back, {}, "the transaction has ended"}});
    return;
  }
  if (failed_) {
    rollback([self = shared_from_this(), done = std::move(done)](const answer&) {
      done({{}, self->failed_});
    });
    return;
  }
  ending_ = true;
  unit last;
  last.add({"", "COMMIT"});
  send(std::move(last.calls), {}, deadline_, [self = shared_from_this(), done = std::move(done)](answer got) {
    if (!got.ok()) {
      if (got.error->fate == fate::not_sent)
        got.error->fate = fate::rolled_back;
    } else if (got.results.at(0).tag() != "COMMIT") { // a step that was still under way has failed
      got = {{}, self->ended()};
    }
    self->end();
    self->pool_->count(got);
    done(std::move(got));
  });
}

void lease::rollback(answer_callback done) {
  if (!on_ || ending_) {
    answer_guarded(done, {{}, failure{ec::conflict, fate::rolled_back, {}, "the transaction has ended"}});
    return;
  }
  ending_ = true;
  unit last;
  last.add({"", "ROLLBACK"});
  send(std::move(last.calls), {}, steady_clock::now() + rollback_deadline,
       [self = shared_from_this(), done = std::move(done)](const answer&) {
         self->end();
         done({}); // also when the connection is lost, nothing of it is in the database
       });
}

void lease::abandon() {
  if (on_ && !ending_)
    rollback([](const answer&) {});
}

void lease::end() {
  timer_.cancel();
  ending_ = true;
  if (auto on = std::exchange(on_, nullptr))
    pool_->give_back(on);
}

void pool::begin(transaction_options options, transaction_callback then) {
  auto fresh = std::make_shared<lease>(core_, options);
  boost::asio::post(context_, [fresh, then = std::move(then)]() mutable { fresh->begin(std::move(then)); });
}

transaction::~transaction() {
  boost::asio::post(lease_->context(), [on = lease_] { on->abandon(); });
}

void transaction::run(unit steps, answer_callback done) {
  boost::asio::post(lease_->context(),
                    [on = lease_, steps = std::move(steps), done = std::move(done)]() mutable {
                      on->step(std::move(steps.calls), {}, steps.deadline, std::move(done));
                    });
}

void transaction::run_script(std::string sql, answer_callback done) {
  boost::asio::post(lease_->context(), [on = lease_, sql = std::move(sql), done = std::move(done)]() mutable {
    on->step({}, std::move(sql), milliseconds{0}, std::move(done));
  });
}

void transaction::commit(answer_callback done) {
  boost::asio::post(lease_->context(),
                    [on = lease_, done = std::move(done)]() mutable { on->commit(std::move(done)); });
}

void transaction::rollback(answer_callback done) {
  boost::asio::post(lease_->context(),
                    [on = lease_, done = std::move(done)]() mutable { on->rollback(std::move(done)); });
}

} // namespace tutti::services::postgres
