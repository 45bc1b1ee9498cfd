#include "runtime/actor/scheduling.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <caf/abstract_actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/set_thread_name.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/execution_unit.hpp>
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
  class coordinator_data {
  public:
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}

    /// Wakes a sleeping worker when more than `left_to_the_caller` actors wait.
    void put(caf::resumable* job, std::size_t left_to_the_caller) {
      auto& list = job->subtype() == caf::resumable::io_actor ? brief_ : others_; // see metered::subtype
      bool wake;
      {
        std::lock_guard guard{lock_};
        list.push_back(job);
        wake = sleeping_ > 0 && waiting() > left_to_the_caller;
      }
      if (wake)
        filled_.notify_one();
    }
    caf::resumable* take() {
      std::unique_lock guard{lock_};
      while (waiting() == 0) {
        ++sleeping_;
        filled_.wait(guard);
        --sleeping_;
      }
      brief_next_ = !brief_next_; // in turns, so that neither kind starves the other
      auto* job = pop(others_.empty() || (brief_next_ && !brief_.empty()) ? brief_ : others_);
      auto wake = sleeping_ > 0 && waiting() > 1;
      guard.unlock();
      if (wake)
        filled_.notify_one();
      return job;
    }
    /// Null: none waits.
    caf::resumable* take_brief() {
      std::lock_guard guard{lock_};
      return brief_.empty() ? nullptr : pop(brief_);
    }
    /// Null: none is left.
    caf::resumable* take_any() {
      std::lock_guard guard{lock_};
      return waiting() == 0 ? nullptr : pop(others_.empty() ? brief_ : others_);
    }
    void wake_if_filled() {
      bool wake;
      {
        std::lock_guard guard{lock_};
        wake = sleeping_ > 0 && waiting() > 0;
      }
      if (wake)
        filled_.notify_one();
    }

  private:
    std::size_t waiting() const { return brief_.size() + others_.size(); }
    static caf::resumable* pop(std::deque<caf::resumable*>& from) {
      auto* job = from.front();
      from.pop_front();
      return job;
    }

    std::mutex lock_;
    std::condition_variable filled_;
    std::deque<caf::resumable*> brief_, others_;
    bool brief_next_ = false;
    std::size_t sleeping_ = 0;
  };
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).put(job, 0);
  }
  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).put(job, 0);
  }
  /// A worker that makes one actor runnable will run it next itself: no other is woken for less than two. So
  /// a chain of messages stays on one warm thread; an actor waits at most for the handler in hand, or for the
  /// next timer.
  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    d(self->parent()).put(job, 1);
  }
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    d(self->parent()).put(job, 1);
  }
  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return d(self->parent()).take();
  }
  template <class Worker, class F>
  void foreach_resumable(Worker*, F) {} // nothing is kept by a worker
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F f) {
    while (auto* job = d(self).take_any())
      f(job); // it may enqueue others
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

  /// Actors that a guest makes runnable wake nobody before its stay is over.
  void host_guest(const std::function<void(caf::execution_unit*)>& feed) {
    feed(&guest_);
    auto until = std::chrono::steady_clock::now() + guest_stay;
    do {
      auto* job = data().take_brief();
      if (!job)
        break;
      if (job->resume(&guest_, max_throughput()) == caf::resumable::resume_later)
        data().put(job, no_wake);
      else
        caf::intrusive_ptr_release(job);
    } while (std::chrono::steady_clock::now() < until);
    data().wake_if_filled();
  }

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
  static constexpr std::chrono::microseconds guest_stay{500};
  static constexpr std::size_t no_wake = std::numeric_limits<std::size_t>::max();

  /// For all guests: it has nothing of its own.
  class guest_unit final : public caf::execution_unit {
  public:
    guest_unit(caf::actor_system& sys, shared_queue::coordinator_data& queue)
        : caf::execution_unit(&sys), queue_(queue) {}
    void exec_later(caf::resumable* job) override { queue_.put(job, no_wake); }

  private:
    shared_queue::coordinator_data& queue_;
  };

  selective_clock clock_;
  std::thread timer_;
  guest_unit guest_{system(), data()};
};

} // namespace

void use_shared_queue(caf::actor_system_config& config, std::size_t threads, std::size_t messages_a_run) {
  config.load<shared_coordinator>();
  config.set("scheduler.max-threads", threads);
  config.set("scheduler.max-throughput", messages_a_run);
}

void lend_thread(caf::actor_system& sys, const std::function<void(caf::execution_unit*)>& feed) {
  if (auto* ours = dynamic_cast<shared_coordinator*>(&sys.scheduler()))
    ours->host_guest(feed);
  else
    feed(nullptr);
}

} // namespace tutti::runtime::actor
