#include "runtime/actor/metered.hpp"

#include <exception>

#include <caf/mailbox_element.hpp>
#include <caf/make_message.hpp>

namespace tutti::runtime::actor {
namespace {

caf::error failed(caf::scheduled_actor*, std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& e) {
    return make_error(ec::failed, e.what());
  } catch (...) {
    return make_error(ec::failed, "an exception that is not a std::exception");
  }
}

bool ended_well(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::normal || reason == caf::exit_reason::user_shutdown
         || reason == caf::exit_reason::unreachable || is(reason, ec::cancelled);
}

} // namespace

metered::metered(caf::actor_config& cfg, actor_table& table, actor_type& type, std::uint64_t mailbox_limit)
    : caf::event_based_actor(cfg), actor_record(table, type), mailbox_limit_(mailbox_limit) {
  set_exception_handler(failed);
}

void metered::launch(caf::execution_unit* host, bool lazy, bool hide) {
  listed_ = true;
  table().add(*this); // not in the constructor: a reader calls describe(), which a derived class overrides
  event_based_actor::launch(host, lazy, hide);
}

// What CAF calls an I/O actor is one that may run on an I/O thread; else it treats both kinds alike.
caf::resumable::subtype_t metered::subtype() const {
  return brief_ ? caf::resumable::io_actor : caf::resumable::scheduled_actor;
}

bool metered::refuse(caf::mailbox_element& element, caf::execution_unit* host) {
  auto depth = received.load(std::memory_order_relaxed) - handled.load(std::memory_order_relaxed);
  if (depth < mailbox_limit_ || element.mid.is_response() || element.sender.get() == ctrl())
    return false;
  auto& content = element.content();
  if (content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>())
    return false;
  rejected.fetch_add(1, std::memory_order_relaxed);
  type().rejected.fetch_add(1, std::memory_order_relaxed);
  if (element.mid.is_request() && element.sender)
    element.sender->enqueue(nullptr, element.mid.response_id(),
                            caf::make_message(make_error(ec::unavailable, "mailbox full")), host);
  return true;
}

void metered::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  if (mailbox_limit_ != 0 && refuse(*element, host))
    return;
  received.fetch_add(1, std::memory_order_relaxed);
  event_based_actor::enqueue(std::move(element), host);
}

void metered::count_run() {
  // Only the running thread writes it, so no read-modify-write is needed.
  auto took = std::chrono::steady_clock::now() - run_began_;
  busy_ns.store(busy_ns.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(took.count()),
                std::memory_order_relaxed);
  type().ran(took);
}

caf::resumable::resume_result metered::resume(caf::execution_unit* host, size_t max_throughput) {
  run_began_ = std::chrono::steady_clock::now();
  auto result = event_based_actor::resume(host, max_throughput);
  if (result != caf::resumable::done) // else counted by cleanup, before it left the table
    count_run();
  return result;
}

caf::invoke_message_result metered::consume(caf::mailbox_element& element) {
  auto before = handled.load(std::memory_order_relaxed);
  handled.store(before + 1, std::memory_order_relaxed);
  auto result = event_based_actor::consume(element);
  if (result == caf::invoke_message_result::skipped)
    handled.store(before, std::memory_order_relaxed); // it comes again
  return result;
}

bool metered::cleanup(caf::error&& reason, caf::execution_unit* host) {
  if (std::exchange(listed_, false)) {
    if (run_began_.time_since_epoch().count() != 0) // else it ends without having run
      count_run();
    table().remove(*this, !ended_well(reason));
  }
  return event_based_actor::cleanup(std::move(reason), host);
}

void metered::describe(actor_view& view) const {
  view.id = id();
  view.started = started_;
  if (at_) {
    view.path = at_->path;
    view.restarts = at_->restarts;
    view.last_error = at_->last_error;
  }
}

} // namespace tutti::runtime::actor
