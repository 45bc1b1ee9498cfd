#include "runtime/actor/scheduling.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <caf/abstract_actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/set_thread_name.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/coordinator.hpp>

namespace tutti::runtime::actor {
namespace {

/// A clock that remembers which actors have set timeouts.
class selective_clock final : public caf::detail::thread_safe_actor_clock {
public:
  using super = caf::detail::thread_safe_actor_clock;

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                            std::uint64_t id) override {
    remember(self);
    super::set_ordinary_timeout(t, self, type, id);
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    remember(self);
    super::set_request_timeout(t, self, id);
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type,
                         std::uint64_t id) override {
    remember(self);
    super::set_multi_timeout(t, self, type, id);
  }
  void cancel_timeouts(caf::abstract_actor* self) override {
    if (count_.load(std::memory_order_relaxed) != 0 && forget(self))
      super::cancel_timeouts(self);
  }

private:
  // An actor sets and cancels its timeouts from the one thread that runs it, so its own entry is never
  // missed.
  void remember(caf::abstract_actor* self) {
    std::lock_guard guard{lock_};
    if (actors_.insert(self->id()).second)
      count_.fetch_add(1, std::memory_order_relaxed);
  }
  bool forget(caf::abstract_actor* self) {
    std::lock_guard guard{lock_};
    if (actors_.erase(self->id()) == 0)
      return false;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  std::atomic<std::size_t> count_{0};
  std::mutex lock_;
  std::unordered_set<caf::actor_id> actors_;
};

/// The policy of caf::scheduler::coordinator and its workers: first in, first out.
class shared_queue : public caf::policy::unprofiled {
public:
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    std::mutex lock;
    std::condition_variable filled;
    std::deque<caf::resumable*> queue;
    std::size_t sleeping = 0;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    enqueue(d(self), job, 0);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    enqueue(d(self->parent()), job, 0);
  }
  /// A worker that makes one actor runnable will run it next itself: no other is woken for less than two. So
  /// a chain of messages stays on one warm thread; an actor waits at most for the handler in hand, or for the
  /// next timer.
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    enqueue(d(self->parent()), job, 1);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    enqueue(d(self->parent()), job, 1);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    auto& data = d(self->parent());
    std::unique_lock guard{data.lock};
    while (data.queue.empty()) {
      ++data.sleeping;
      data.filled.wait(guard);
      --data.sleeping;
    }
    auto* job = data.queue.front();
    data.queue.pop_front();
    return job;
  }
  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {} // nothing is kept by a worker
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    auto& data = d(self);
    std::unique_lock guard{data.lock};
    while (!data.queue.empty()) {
      auto* job = data.queue.front();
      data.queue.pop_front();
      guard.unlock(); // it may enqueue others
      f(job);
      guard.lock();
    }
  }

private:
  static void enqueue(coordinator_data& data, caf::resumable* job, std::size_t left_to_the_caller) {
    bool wake;
    {
      std::lock_guard guard{data.lock};
      data.queue.push_back(job);
      wake = data.sleeping > 0 && data.queue.size() > left_to_the_caller;
    }
    if (wake)
      data.filled.notify_one();
  }
};

class shared_coordinator final : public caf::scheduler::coordinator<shared_queue> {
public:
  using super = caf::scheduler::coordinator<shared_queue>;

  using super::super;

  static caf::actor_system::module* make(caf::actor_system& sys, caf::detail::type_list<>) {
    return new shared_coordinator(sys);
  }

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

protected:
  void start() override {
    timer_ = std::thread{[this] {
      caf::detail::set_thread_name("tutti.clock");
      clock_.run_dispatch_loop();
    }};
    super::start();
  }
  void stop() override {
    super::stop();
    clock_.cancel_dispatch_loop();
    timer_.join();
  }

private:
  selective_clock clock_;
  std::thread timer_;
};

} // namespace

void use_shared_queue(caf::actor_system_config& config, std::size_t threads, std::size_t messages_a_run) {
  config.load<shared_coordinator>();
  config.set("scheduler.max-threads", threads);
  config.set("scheduler.max-throughput", messages_a_run);
}

} // namespace tutti::runtime::actor
