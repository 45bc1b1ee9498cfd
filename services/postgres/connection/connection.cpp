#include "services/postgres/connection/connection.hpp"

#include "runtime/telemetry/log.hpp"
#include "services/postgres/connection/server_words.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace tutti::services::postgres {
namespace {

using runtime::ec;

constexpr std::size_t max_parameters = 65535;           // of the protocol
constexpr std::size_t max_size = std::size_t{1} << 30U; // of a value in PostgreSQL

failure unsendable(std::string text) {
  return {ec::failed, fate::not_sent, {}, std::move(text)};
}

} // namespace

std::optional<failure> check(const std::vector<call>& calls) {
  for (auto& c : calls) {
    if (c.parameters.size() > max_parameters)
      return unsendable(
          fmt::format("{} parameters of \"{}\" are too many; use arrays", c.parameters.size(), c.what.name));
    for (std::size_t i = 0; i < c.parameters.size(); ++i)
      if (auto& p = c.parameters[i]; !p.valid() || p.data().size() > max_size)
        return failure{ec::rejected,
                       fate::not_sent,
                       {},
                       fmt::format("parameter ${} of \"{}\" is {}", i + 1, c.what.name,
                                   p.valid() ? "over 1 GiB" : "a text with a NUL")};
  }
  return std::nullopt;
}

void answer_guarded(const answer_callback& done, answer result) noexcept {
  try {
    done(std::move(result));
  } catch (const std::exception& e) {
    runtime::telemetry::get().error("postgres.callback_failed error={}", e.what());
  } catch (...) {
    runtime::telemetry::get().error("postgres.callback_failed error=unknown");
  }
}

connection::connection(boost::asio::io_context& context, connection_handle handle)
    : handle_(std::move(handle)), watch_(context), deadline_(context) {}

void connection::start(ended then) {
  ended_ = std::move(then);
  PQsetNoticeReceiver(
      handle_.get(),
      [](void* self, const PGresult* notice) {
        if (is_fatal(notice))
          static_cast<connection*>(self)->farewell_ = failure_of(notice);
      },
      this);
  if (watch_.follow(PQsocket(handle_.get())))
    listen();
  else
    close({ec::unavailable, fate::not_sent, {}, "no socket"});
}

bool connection::in_transaction() const noexcept {
  return open() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

/// What the server knows, or is being told, under this name; empty: nothing.
std::string_view connection::sql_of(std::string_view name) const {
  if (auto known = prepared_.find(name); known != prepared_.end())
    return known->second;
  for (auto& u : in_flight_)
    for (auto& p : u.prepares)
      if (p.name == name)
        return p.sql;
  return {};
}

void connection::send(exchange work) {
  auto refuse = [&](failure why) { answer_guarded(work.done, {{}, std::move(why)}); };
  if (!open())
    return refuse({ec::unavailable, fate::not_sent, {}, "the connection has ended"});
  if (in_script_ || (!work.script.empty() && !in_flight_.empty()))
    return refuse(unsendable("a script must be alone on its connection"));
  under_way next;
  for (auto& c : work.calls) {
    if (c.what.name.empty())
      continue;
    auto mine = std::find_if(next.prepares.begin(), next.prepares.end(),
                             [&](auto& p) { return p.name == c.what.name; });
    auto sql = mine != next.prepares.end() ? mine->sql : sql_of(c.what.name);
    if (sql.empty())
      next.prepares.push_back(c.what);
    else if (sql != c.what.sql)
      return refuse(unsendable(fmt::format("two statements are called \"{}\"", c.what.name)));
  }
  next.work = std::move(work);
  in_script_ = !next.work.script.empty();
  preparing_ += next.prepares.empty() ? 0 : 1;
  in_flight_.push_back(std::move(next));
  if (!transmit(in_flight_.back())) {
    lost();
    return;
  }
  watch_deadlines();
  flush();
}

bool connection::transmit(under_way& next) {
  auto* c = handle_.get();
  if (!next.work.script.empty())
    return PQexitPipelineMode(c) == 1 && PQsendQuery(c, next.work.script.c_str()) == 1;
  for (auto& p : next.prepares)
    if (PQsendPrepare(c, std::string{p.name}.c_str(), std::string{p.sql}.c_str(), 0, nullptr) == 0)
      return false;
  if (!next.prepares.empty() && PQpipelineSync(c) == 0)
    return false;
  return std::all_of(next.work.calls.begin(), next.work.calls.end(),
                     [&](auto& one) { return transmit_call(one); })
         && PQpipelineSync(c) == 1;
}

bool connection::transmit_call(const call& one) {
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (auto& p : one.parameters) {
    values.push_back(p.is_null() ? nullptr : p.data().c_str());
    lengths.push_back(static_cast<int>(p.data().size()));
    formats.push_back(p.binary() ? 1 : 0);
  }
  auto count = static_cast<int>(values.size());
  if (one.what.name.empty())
    return PQsendQueryParams(handle_.get(), std::string{one.what.sql}.c_str(), count, nullptr, values.data(),
                             lengths.data(), formats.data(), 0)
           == 1;
  return PQsendQueryPrepared(handle_.get(), std::string{one.what.name}.c_str(), count, values.data(),
                             lengths.data(), formats.data(), 0)
         == 1;
}

void connection::flush() {
  auto unsent = PQflush(handle_.get());
  if (unsent < 0)
    lost();
  else if (unsent > 0)
    watch_.wait_write([self = shared_from_this()] {
      if (self->open())
        self->flush();
    });
}

void connection::listen() {
  watch_.wait_read([self = shared_from_this()] { self->readable(); });
}

void connection::readable() {
  if (!open())
    return;
  auto alive = PQconsumeInput(handle_.get()) == 1;
  // What came before the end of the connection counts, so it is read first.
  int nothings = 0;
  while (open() && !in_flight_.empty() && PQisBusy(handle_.get()) == 0) {
    std::shared_ptr<const pg_result> got{PQgetResult(handle_.get()),
                                         [](const pg_result* r) { PQclear(const_cast<PGresult*>(r)); }};
    if (PQstatus(handle_.get()) == CONNECTION_BAD && (!got || failure_of(got.get()).sqlstate.empty())) {
      alive = false;
      break;
    }
    if (got) {
      nothings = 0;
      take(std::move(got));
    } else if (in_script_) {
      took_end_of_script();
    } else if (++nothings > 2) { // one ends each statement; more means that libpq expects no more
      alive = false;
      break;
    }
  }
  if (!open())
    return;
  // libpq reads what comes unasked, a farewell say, only when it knows that nothing else is to come.
  for (int i = 0; i < 2 && in_flight_.empty() && PQisBusy(handle_.get()) == 0; ++i)
    PQclear(PQgetResult(handle_.get()));
  if (!alive || PQstatus(handle_.get()) == CONNECTION_BAD) {
    lost();
    return;
  }
  listen();
  flush();
}

void connection::take(std::shared_ptr<const pg_result> got) {
  auto& head = in_flight_.front();
  bool preparing = !head.prepared && !head.prepares.empty();
  switch (PQresultStatus(got.get())) {
  case PGRES_PIPELINE_SYNC:
    took_sync(head);
    return;
  case PGRES_TUPLES_OK:
  case PGRES_COMMAND_OK:
  case PGRES_EMPTY_QUERY:
    if (!preparing)
      head.result.results.emplace_back(std::move(got));
    else if (head.answered < head.prepares.size())
      prepared_.emplace(head.prepares[head.answered].name, head.prepares[head.answered].sql);
    break;
  case PGRES_PIPELINE_ABORTED: // the error came before
    break;
  case PGRES_FATAL_ERROR:
    if (!head.result.error)
      took_error(head, got.get());
    break;
  default: // COPY, which stops everything behind it
    close({ec::failed, fate::unknown, {}, "units and scripts cannot COPY"});
    return;
  }
  ++head.answered;
}

void connection::took_error(under_way& head, const pg_result* error) {
  bool preparing = !head.prepared && !head.prepares.empty();
  auto why = failure_of(error);
  std::string_view name;
  if (preparing && head.answered < head.prepares.size())
    name = head.prepares[head.answered].name;
  else if (!preparing && head.answered < head.work.calls.size())
    name = head.work.calls[head.answered].what.name;
  if (!name.empty())
    why.text = fmt::format("{}: {}", name, why.text);
  spoiled_ = spoiled_ || spoils_connection(why.sqlstate);
  head.fatal = is_fatal(error);
  head.result.error = std::move(why);
}

void connection::took_sync(under_way& head) {
  if (!head.prepares.empty() && !head.prepared) {
    head.prepared = true;
    head.answered = 0;
    --preparing_;
    return;
  }
  auto done = std::move(head);
  in_flight_.pop_front();
  complete(std::move(done));
}

void connection::took_end_of_script() {
  in_script_ = false;
  auto done = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (PQenterPipelineMode(handle_.get()) == 0)
    spoiled_ = true;
  complete(std::move(done));
}

void connection::complete(under_way done) {
  watch_deadlines();
  if (done.result.error)
    done.result.results.clear();
  answer_guarded(done.work.done, std::move(done.result));
}

void connection::watch_deadlines() {
  deadline_.cancel();
  if (in_flight_.empty())
    return;
  auto first = std::min_element(in_flight_.begin(), in_flight_.end(),
                                [](auto& a, auto& b) { return a.work.deadline < b.work.deadline; });
  deadline_.expires_at(first->work.deadline);
  deadline_.async_wait([weak = weak_from_this(), at = first->work.deadline](boost::system::error_code error) {
    auto self = weak.lock();
    if (error || !self || !self->open())
      return;
    // It may have been answered after the timer had gone off.
    if (std::any_of(self->in_flight_.begin(), self->in_flight_.end(),
                    [&](auto& u) { return u.work.deadline <= at; }))
      self->close({ec::timeout, fate::unknown, {}, "the database did not answer in time"});
  });
}

void connection::lost() {
  if (farewell_)
    close(*farewell_);
  else
    close({ec::unavailable, fate::unknown, {}, last_words(handle_.get())});
}

void connection::close(const failure& why) {
  if (!open())
    return;
  auto now = std::chrono::steady_clock::now();
  deadline_.cancel();
  watch_.stop();
  handle_.reset();
  preparing_ = 0;
  in_script_ = false;
  for (auto& ending : std::exchange(in_flight_, {})) {
    answer out;
    if (ending.result.error) {
      out.error = std::move(ending.result.error);
      if (ending.fatal)
        out.error->fate = fate::unknown; // it may have come after the commit
    } else {
      out.error = why;
      out.error->fate = fate::unknown;
      if (why.code == ec::timeout && ending.work.deadline > now) {
        out.error->code = ec::unavailable;
        out.error->text = "the connection was closed because work before it was not answered in time";
      }
    }
    answer_guarded(ending.work.done, std::move(out));
  }
  if (auto tell = std::exchange(ended_, nullptr))
    tell(why);
}

} // namespace tutti::services::postgres
