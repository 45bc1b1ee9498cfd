#include "runtime/actor/supervisor.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/all.hpp>

namespace tutti::runtime::actor {
namespace {

using clock = std::chrono::steady_clock;
using restart_now = caf::atom_constant<caf::atom("restart")>;
using all_up = caf::atom_constant<caf::atom("up")>; ///< from a child supervisor: its children have started
using reap = caf::atom_constant<caf::atom("reap")>;

struct child {
  child_spec spec;
  caf::actor ref;
  std::uint64_t generation = 0; ///< of the reap timers
  std::uint64_t restarts = 0;
  std::string last_error;
  bool wanted = true;
  bool starting = false; ///< a supervisor whose own children are not all up yet
  bool stopping = false;
};

struct supervisor_state {
  static constexpr const char* name = "supervisor";
  supervisor_state() = default;

  supervision options;
  caf::actor parent; ///< a supervisor, to be told once when all children are up
  std::vector<child> children;
  std::deque<clock::time_point> history;
  bool restart_pending = false;
  bool shutting_down = false;
  caf::error why;
};
using self_ptr = stateful<supervisor_state>*;

constexpr std::string_view name_of(strategy x) {
  return x == strategy::one_for_one   ? "one_for_one"
         : x == strategy::one_for_all ? "one_for_all"
                                      : "rest_for_one";
}

constexpr std::string_view name_of(restart x) {
  return x == restart::permanent ? "permanent" : x == restart::transient ? "transient" : "temporary";
}

std::string_view state_of(const child& c) {
  return c.stopping   ? "stopping"
         : c.starting ? "starting"
         : c.ref      ? "running"
         : c.wanted   ? "restarting"
                      : "stopped";
}

void publish(self_ptr self) {
  auto& st = self->state;
  supervisor_report out{self->at().path,         std::string{name_of(st.options.how)},
                        st.options.max_restarts, st.options.window,
                        st.history.size(),       {}};
  for (auto& c : st.children)
    out.children.push_back({c.spec.name, std::string{name_of(c.spec.policy)}, std::string{state_of(c)},
                            c.restarts, c.last_error, c.spec.supervisor});
  self->table().report(std::move(out));
}

void child_failed(self_ptr self, child& c);

void start_child(self_ptr self, child& c) {
  ++c.generation;
  c.stopping = false;
  placement at{self->at().table, self->at().path + "/" + c.spec.name, c.restarts, c.last_error};
  try {
    c.ref = c.spec.start(self, std::move(at));
    c.starting = c.spec.supervisor;
    self->monitor(c.ref); // not a link: the reason arrives as a down message
  } catch (const std::exception& e) {
    c.last_error = e.what();
    child_failed(self, c);
  }
}

/// Starts what is wanted and not there, in order; what comes after a supervisor waits until that one's
/// children are up, because it may use what they provide.
void start_children(self_ptr self) {
  auto& st = self->state;
  for (auto& c : st.children) {
    if (st.shutting_down || c.starting)
      break;
    if (c.wanted && !c.ref) {
      start_child(self, c);
      if (c.starting || !c.ref)
        break; // goes on when it is up, or with its restart
    }
  }
  publish(self);
  bool up = std::all_of(st.children.begin(), st.children.end(),
                        [](auto& c) { return !c.wanted || (c.ref && !c.starting); });
  if (up && !st.shutting_down)
    if (auto parent = std::exchange(st.parent, caf::actor{}))
      self->send(parent, all_up::value);
}

void stop_child(self_ptr self, child& c) {
  if (!c.ref || c.stopping)
    return;
  c.stopping = true;
  self->send_exit(c.ref, caf::exit_reason::user_shutdown);
  self->delayed_send(self, c.spec.stop_grace, reap::value, c.spec.name, c.generation);
}

/// Stops the last child that still runs; its end stops the one before.
void stop_next(self_ptr self) {
  auto& st = self->state;
  auto last = std::find_if(st.children.rbegin(), st.children.rend(), [](auto& c) { return bool{c.ref}; });
  if (last != st.children.rend()) {
    stop_child(self, *last);
    return;
  }
  self->table().forget(self->at().path);
  self->quit(st.why);
}

void shut_down(self_ptr self, caf::error why) {
  auto& st = self->state;
  if (std::exchange(st.shutting_down, true))
    return;
  st.why = std::move(why);
  stop_next(self);
}

/// A random time between half and the whole of the doubled minimum, so that many supervisors hit by one
/// outage do not restart in step.
std::chrono::milliseconds backoff(const supervisor_state& st) {
  auto doublings = std::min<std::size_t>(st.history.size() - 1, 16);
  auto whole = std::min(st.options.backoff_max, st.options.backoff_min * (std::int64_t{1} << doublings));
  static thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> pick{whole.count() / 2, whole.count()};
  return std::chrono::milliseconds{pick(random)};
}

void schedule_restart(self_ptr self, const std::string& cause) {
  auto& st = self->state;
  auto now = self->clock().now();
  st.history.push_back(now);
  while (now - st.history.front() > st.options.window)
    st.history.pop_front();
  if (st.history.size() > st.options.max_restarts) {
    shut_down(self, make_error(ec::failed, self->at().path + ": more than "
                                               + std::to_string(st.options.max_restarts) + " restarts in "
                                               + std::to_string(st.options.window.count())
                                               + " ms, last: " + cause));
    return;
  }
  if (!std::exchange(st.restart_pending, true))
    self->delayed_send(self, backoff(st), restart_now::value);
}

void child_failed(self_ptr self, child& c) {
  auto& st = self->state;
  ++c.restarts;
  auto cause = c.spec.name + ": " + c.last_error;
  bool after = st.options.how == strategy::one_for_all;
  for (auto& other : st.children) {
    if (after && &other != &c)
      stop_child(self, other);
    if (&other == &c && st.options.how == strategy::rest_for_one)
      after = true;
  }
  schedule_restart(self, cause);
}

void on_down(self_ptr self, const caf::down_msg& down) {
  auto& st = self->state;
  auto c = std::find_if(st.children.begin(), st.children.end(),
                        [&](auto& x) { return x.ref && x.ref.address() == down.source; });
  if (c == st.children.end())
    return;
  auto was_stopping = std::exchange(c->stopping, false);
  c->starting = false;
  c->ref = nullptr;
  bool normal = !down.reason || down.reason == caf::exit_reason::normal
                || down.reason == caf::exit_reason::user_shutdown;
  if (st.shutting_down) {
    stop_next(self);
  } else if (!was_stopping) {
    c->last_error = normal ? "" : tutti::runtime::describe(down.reason);
    if (c->spec.policy == restart::permanent || (c->spec.policy == restart::transient && !normal))
      child_failed(self, *c);
    else
      c->wanted = false;
  }
  if (!st.shutting_down || st.restart_pending)
    publish(self);
}

void restart_children(self_ptr self) {
  auto& st = self->state;
  st.restart_pending = false;
  if (st.shutting_down)
    return;
  if (std::any_of(st.children.begin(), st.children.end(), [](auto& c) { return c.stopping; })) {
    st.restart_pending = true; // siblings are still going down
    self->delayed_send(self, std::chrono::milliseconds{20}, restart_now::value);
    return;
  }
  start_children(self);
}

caf::behavior run_supervisor(self_ptr self, std::vector<child_spec> specs, supervision options,
                             caf::actor parent) {
  auto& st = self->state;
  st.options = options;
  st.parent = std::move(parent);
  self->set_down_handler([self](caf::down_msg& down) { on_down(self, down); });
  self->set_exit_handler([self](caf::exit_msg& exit) { shut_down(self, std::move(exit.reason)); });
  for (auto& spec : specs)
    st.children.push_back(child{std::move(spec), {}, 0, 0, {}, true, false, false});
  start_children(self);
  return {
      [self](all_up) {
        for (auto& c : self->state.children)
          if (c.ref == self->current_sender())
            c.starting = false;
        start_children(self);
      },
      [self](restart_now) { restart_children(self); },
      [self](reap, const std::string& child_name, std::uint64_t generation) {
        for (auto& c : self->state.children)
          if (c.spec.name == child_name && c.generation == generation && c.ref && c.stopping)
            self->send_exit(c.ref, caf::exit_reason::kill);
      },
  };
}

} // namespace

caf::actor spawn_supervisor(caf::actor_system& sys, placement at, std::vector<child_spec> children,
                            supervision options) {
  return spawn_stateful<supervisor_state>(sys, std::move(at), 0, run_supervisor, std::move(children), options,
                                          caf::actor{});
}

child_spec supervisor_spec(std::string name, std::vector<child_spec> children, supervision options) {
  child_spec out;
  out.name = std::move(name);
  // Long enough for the children to use up their own graces one after the other.
  out.stop_grace = std::chrono::milliseconds{1000};
  for (auto& c : children)
    out.stop_grace += c.stop_grace;
  out.supervisor = true;
  out.start = [children = std::move(children), options](caf::event_based_actor* parent, placement at) {
    return spawn_stateful<supervisor_state>(*parent, std::move(at), 0, run_supervisor, children, options,
                                            caf::actor_cast<caf::actor>(parent));
  };
  return out;
}

} // namespace tutti::runtime::actor
