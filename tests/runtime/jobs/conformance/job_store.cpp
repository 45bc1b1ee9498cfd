#include "tests/runtime/jobs/conformance/job_store.hpp"

#include "runtime/error.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>

namespace tutti::tests::conformance {
namespace {

/// The drawing of the states, as a table: which may follow which.
bool legal(job_status from, job_status to) {
  using s = job_status;
  static const std::map<s, std::set<s>> next = {
      {s::scheduled, {s::queued, s::cancelled}},
      {s::queued, {s::running, s::cancelled}},
      {s::running, {s::succeeded, s::retrying, s::scheduled, s::queued, s::dead, s::cancelled}},
      {s::retrying, {s::queued, s::cancelled}},
      {s::succeeded, {}},
      {s::dead, {s::queued}},
      {s::cancelled, {s::queued}},
  };
  return next.at(from).count(to) != 0;
}

caf::behavior listener(caf::event_based_actor* self, const std::shared_ptr<inbox>& in) {
  self->set_down_handler([](caf::down_msg&) {});
  return {
      [in](jobs_claimed& claimed) {
        std::lock_guard guard{in->lock};
        std::move(claimed.jobs.begin(), claimed.jobs.end(), std::back_inserter(in->claims));
      },
      [in](const claims_revoked& revoked) {
        std::lock_guard guard{in->lock};
        in->revoked.insert(in->revoked.end(), revoked.claims.begin(), revoked.claims.end());
      },
      [in](jobs_submitted& results) {
        std::lock_guard guard{in->lock};
        in->submitted.push_back(std::move(results));
      },
  };
}

} // namespace

void recorder::accepted(std::string_view) {
  std::lock_guard guard{lock_};
  ++accepted_;
}

void recorder::changed(const job_change& change) {
  std::lock_guard guard{lock_};
  seen_[change.id].push_back(change.status);
}

std::vector<job_status> recorder::of(job_id id) const {
  std::lock_guard guard{lock_};
  auto i = seen_.find(id);
  return i == seen_.end() ? std::vector<job_status>{} : i->second;
}

std::uint64_t recorder::accepted_count() const {
  std::lock_guard guard{lock_};
  return accepted_;
}

std::vector<std::string> recorder::illegal() const {
  std::lock_guard guard{lock_};
  std::vector<std::string> out;
  for (auto& [id, path] : seen_) {
    if (path.front() != job_status::scheduled && path.front() != job_status::queued)
      out.push_back("begins as " + std::string{to_string(path.front())});
    for (std::size_t i = 1; i < path.size(); ++i)
      if (!legal(path[i - 1], path[i]))
        out.push_back(std::string{to_string(path[i - 1])} + " to " + std::string{to_string(path[i])});
  }
  return out;
}

JobStore::JobStore() {
  options.claim_ttl_ms = 1000;
  options.ageing_ms = 1000;
  options.retention_ms = options.key_retention_ms = 5000;
}

JobStore::~JobStore() {
  EXPECT_EQ(seen.illegal(), std::vector<std::string>{});
  if (!world_)
    return;
  std::reverse(started_.begin(), started_.end()); // the store last
  for (auto& a : started_)
    caf::anon_send_exit(a, caf::exit_reason::kill);
  here().settle();
  started_.clear();
  store_ = nullptr;
  submitter_ = {};
  client_.reset();
}

world& JobStore::here() {
  if (!world_) {
    world_ = GetParam().make(options, &seen);
    client_ = std::make_unique<caf::scoped_actor>(world_->system());
  }
  return *world_;
}

caf::actor JobStore::store() {
  if (!store_) {
    store_ = here().start_store();
    started_.push_back(store_);
  }
  return store_;
}

void JobStore::end_store() {
  kill(store());
  store_ = nullptr;
}

void JobStore::kill(const caf::actor& a) {
  caf::anon_send_exit(a, caf::exit_reason::kill);
  here().settle();
}

bool JobStore::eventually(const std::function<bool()>& condition, milliseconds within) {
  constexpr milliseconds step{10};
  for (auto left = within;; left -= step) {
    here().settle();
    if (condition())
      return true;
    if (left <= milliseconds{0})
      return false;
    pass(std::min(step, left));
  }
}

caf::actor JobStore::spawn_below(std::function<caf::actor(caf::event_based_actor&)> start) {
  struct made {
    std::mutex lock;
    caf::actor handle;
  };
  auto out = std::make_shared<made>();
  here().system().spawn([out, start](caf::event_based_actor* self) {
    auto a = start(*self);
    std::lock_guard guard{out->lock};
    out->handle = a;
  });
  EXPECT_TRUE(eventually([&] {
    std::lock_guard guard{out->lock};
    return bool{out->handle};
  }));
  started_.push_back(out->handle);
  return out->handle;
}

test_worker JobStore::listen() {
  test_worker out{{}, std::make_shared<inbox>()};
  out.handle = here().system().spawn(listener, out.in);
  started_.push_back(out.handle);
  return out;
}

template <class Answer, class Query>
answer<Answer> JobStore::ask(Query query, milliseconds patience) {
  auto target = store();
  auto handle = (*client_)->request(target, patience, std::move(query));
  here().settle();
  answer<Answer> out;
  handle.receive([&](Answer& value) { out.value = std::move(value); },
                 [&](const caf::error& e) { out.error = runtime::describe(e); });
  return out;
}

job_spec JobStore::job(std::string type) {
  job_spec spec;
  spec.id = make_job_id(now());
  spec.type = std::move(type);
  spec.payload = "{}";
  spec.max_attempts = 3;
  spec.timeout_ms = 60000;
  return spec;
}

job_spec JobStore::keyed(std::string key, std::string queue) {
  auto spec = job();
  spec.key = std::move(key);
  spec.queue = std::move(queue);
  return spec;
}

std::vector<submit_result> JobStore::submit_all(std::vector<job_spec> jobs) {
  if (!submitter_.handle)
    submitter_ = listen();
  auto call = ++calls_;
  caf::send_as(submitter_.handle, store(), submit_jobs{call, std::move(jobs)});
  std::vector<submit_result> out;
  EXPECT_TRUE(eventually([&] {
    std::lock_guard guard{submitter_.in->lock};
    for (auto& s : submitter_.in->submitted)
      if (s.call == call) {
        out = std::move(s.results);
        submitter_.in->submitted.clear();
        return true;
      }
    return false;
  })) << "no answer to a submission";
  return out;
}

submit_result JobStore::submit(job_spec spec) {
  std::vector<job_spec> one;
  one.push_back(std::move(spec));
  auto out = submit_all(std::move(one));
  return out.empty() ? submit_result{} : out.front();
}

job_id JobStore::accept(job_spec spec) {
  auto id = spec.id;
  auto result = submit(std::move(spec));
  EXPECT_EQ(result.outcome, submitted::accepted);
  EXPECT_EQ(result.id, id);
  return result.id;
}

answer<job_view> JobStore::get(job_id id) {
  return ask<job_view>(get_job{id});
}

job_status JobStore::status(job_id id) {
  auto found = get(id);
  EXPECT_TRUE(found) << found.error;
  return found ? found->status : job_status::dead;
}

bool JobStore::becomes(job_id id, job_status wanted, milliseconds within) {
  return eventually(
      [&] {
        auto found = get(id);
        return found && found->status == wanted;
      },
      within);
}

job_page JobStore::page(list_jobs query) {
  auto out = ask<job_page>(std::move(query));
  EXPECT_TRUE(out) << out.error;
  return out ? *out : job_page{};
}

std::vector<job_id> JobStore::list(job_filter filter, std::uint32_t page_size) {
  std::vector<job_id> out;
  list_jobs query{std::move(filter), {}, page_size};
  for (;;) {
    auto part = page(query);
    for (auto& j : part.jobs)
      out.push_back(j.id);
    if (!part.more)
      return out;
    EXPECT_GT(part.last, query.after) << "a page that does not get on";
    if (part.last <= query.after)
      return out;
    query.after = part.last;
  }
}

answer<cancel_result> JobStore::cancel(job_id id) {
  return ask<cancel_result>(cancel_job{id});
}

answer<job_view> JobStore::retry(job_id id, bool dead_only) {
  return ask<job_view>(retry_job{id, dead_only});
}

answer<bool> JobStore::discard(job_id id) {
  return ask<bool>(discard_job{id});
}

std::uint32_t JobStore::retry_dead(job_filter filter, std::uint32_t max) {
  auto out = ask<std::uint32_t>(runtime::jobs::retry_dead{std::move(filter), max});
  EXPECT_TRUE(out) << out.error;
  return out.value.value_or(0);
}

std::vector<queue_view> JobStore::queues() {
  auto out = ask<std::vector<queue_view>>(list_queues{});
  EXPECT_TRUE(out) << out.error;
  return out ? *out : std::vector<queue_view>{};
}

queue_view JobStore::queue(const std::string& name) {
  for (auto& q : queues())
    if (q.name == name)
      return q;
  ADD_FAILURE() << "no queue " << name;
  return {};
}

answer<queue_view> JobStore::pause(const std::string& name, bool pause) {
  return ask<queue_view>(pause_queue{name, pause});
}

std::uint64_t JobStore::purge(const std::string& name) {
  auto out = ask<std::uint64_t>(purge_queue{name});
  EXPECT_TRUE(out) << out.error;
  return out.value.value_or(0);
}

answer<schedule_view> JobStore::put(schedule_spec spec) {
  return ask<schedule_view>(put_schedule{std::move(spec)});
}

answer<bool> JobStore::delete_schedule(const std::string& name) {
  return ask<bool>(runtime::jobs::delete_schedule{name});
}

std::vector<schedule_view> JobStore::schedules() {
  auto out = ask<std::vector<schedule_view>>(list_schedules{});
  EXPECT_TRUE(out) << out.error;
  return out ? *out : std::vector<schedule_view>{};
}

test_worker JobStore::attach(std::uint32_t credit, const std::string& node) {
  auto out = listen();
  caf::send_as(out.handle, store(), attach_worker{node, credit});
  here().settle();
  return out;
}

void JobStore::end(const test_worker& worker, bool in_order) {
  caf::anon_send_exit(worker.handle, in_order ? caf::exit_reason::user_shutdown : caf::exit_reason::kill);
  here().settle();
}

void JobStore::stop_claiming(const test_worker& worker) {
  caf::send_as(worker.handle, store(), runtime::jobs::stop_claiming{});
  here().settle();
}

std::size_t JobStore::waiting(const test_worker& worker) {
  std::lock_guard guard{worker.in->lock};
  return worker.in->claims.size();
}

claimed_job JobStore::claim(const test_worker& worker, milliseconds within) {
  auto came = eventually([&] { return waiting(worker) > 0; }, within);
  EXPECT_TRUE(came) << "no claim came";
  if (!came)
    return {};
  std::lock_guard guard{worker.in->lock};
  auto out = std::move(worker.in->claims.front());
  worker.in->claims.pop_front();
  return out;
}

bool JobStore::idle(const test_worker& worker) {
  get({}); // behind everything that the store was sent before
  here().settle();
  return waiting(worker) == 0;
}

void JobStore::finish(const test_worker& worker, std::vector<attempt_outcome> outcomes) {
  caf::send_as(worker.handle, store(), finish_attempts{std::move(outcomes)});
  here().settle();
}

void JobStore::finish(const test_worker& worker, const claimed_job& c, kind what, milliseconds delay,
                      std::string words) {
  attempt_outcome out;
  out.id = c.id;
  out.token = c.token;
  out.what = what;
  out.retry_in_ms = delay.count();
  if (what == kind::succeeded)
    out.result = words.empty() ? "null" : words;
  else if (what == kind::retry || what == kind::dead)
    out.error = {"failed", words};
  finish(worker, std::vector<attempt_outcome>{std::move(out)});
}

void JobStore::renew(const test_worker& worker, const claimed_job& c) {
  caf::send_as(worker.handle, store(), renew_claims{{{c.id, c.token}}});
  here().settle();
}

void JobStore::report(const test_worker& worker, const claimed_job& c, std::string progress) {
  caf::send_as(worker.handle, store(), report_progress{{{{c.id, c.token}, std::move(progress)}}});
  here().settle();
}

std::vector<revocation> JobStore::revoked(const test_worker& worker) {
  get({});
  here().settle();
  std::lock_guard guard{worker.in->lock};
  return worker.in->revoked;
}

std::vector<claimed_job> JobStore::serve(const test_worker& worker, milliseconds duration) {
  std::vector<claimed_job> out;
  for (auto until = now() + duration.count(); now() < until; pass(milliseconds{10}))
    while (waiting(worker) > 0) {
      out.push_back(claim(worker));
      finish(worker, out.back(), kind::succeeded);
    }
  return out;
}

job_id JobStore::bury(const test_worker& worker, job_spec spec, std::string error_kind, std::string words) {
  auto id = accept(std::move(spec));
  auto c = claim(worker);
  EXPECT_EQ(c.id, id);
  attempt_outcome out;
  out.id = c.id;
  out.token = c.token;
  out.what = kind::dead;
  out.error = {std::move(error_kind), std::move(words)};
  finish(worker, std::vector<attempt_outcome>{out});
  EXPECT_TRUE(becomes(id, job_status::dead));
  return id;
}

caf::actor JobStore::start_runner(runner_options how) {
  auto target = store();
  return spawn_below([=, this](caf::event_based_actor& parent) {
    return spawn_runner(parent, {&table, "/n/runner", 0, {}}, target, types, how);
  });
}

std::optional<drained> JobStore::drain(const caf::actor& runner, milliseconds deadline) {
  auto result = std::make_shared<std::pair<std::mutex, std::optional<drained>>>();
  here().system().spawn([=](caf::event_based_actor* self) {
    self->request(runner, deadline + milliseconds{5000}, drain_runner{deadline}).then([=](const drained& d) {
      std::lock_guard guard{result->first};
      result->second = d;
    });
  });
  eventually(
      [&] {
        std::lock_guard guard{result->first};
        return result->second.has_value();
      },
      deadline + milliseconds{1000});
  std::lock_guard guard{result->first};
  return result->second;
}

std::size_t JobStore::live_actors(const std::string& type) {
  return table.actors([&](auto& a) { return a.type == type; }).size();
}

} // namespace tutti::tests::conformance
