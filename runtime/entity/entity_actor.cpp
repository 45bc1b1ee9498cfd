#include "runtime/entity/entity_actor.hpp"

#include "runtime/entity/delivery.hpp"
#include "runtime/entity/directory.hpp"
#include "runtime/error.hpp"
#include "runtime/store/entity_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/text.hpp"
#include "runtime/telemetry/trace.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <vector>

#include <caf/atom.hpp>
#include <caf/delegated.hpp>
#include <caf/message_view.hpp>

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;
using unused = caf::atom_constant<caf::atom("unused")>;

/// Grows in the life of the process, which is that of its epochs. From the time on, so that two lives'
/// differ.
std::uint64_t next_save_id() {
  static std::atomic<std::uint64_t> last{
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count())};
  return ++last;
}

constexpr milliseconds save_timeout{5'000};
constexpr milliseconds save_backoff_min{20}, save_backoff_max{500};

constexpr char not_ours[] = "this node may not act for the entity at the moment";

/// CAF ends an actor without a behaviour; all messages go to the default handler, so that a million entities
/// share one.
const caf::behavior& no_handlers() {
  static const caf::behavior made{[](unused) {}};
  return made;
}

/// The wall clock may be set, so a long time is looked at again.
constexpr milliseconds longest_alarm{60'000};

bool system_message(caf::mailbox_element& element) {
  auto& content = element.content();
  return content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>()
         || content.match_elements<stop_entity>() || content.match_elements<begin_entity>();
}

} // namespace

entity_actor::entity_actor(caf::actor_config& cfg, activation init)
    : metered(cfg, *init.around->table, init.around->table->type(init.type->name), init.type->mailbox_limit),
      init_(std::move(init)), stored_wake_(init_.wake_at) {
  set_default_handler([](caf::scheduled_actor* self, caf::message_view& in) {
    return static_cast<entity_actor*>(self)->handle(in);
  });
}

caf::behavior entity_actor::make_behavior() {
  if (!may_act()) { // the lease may have ended between its making and now
    quit(make_error(ec::unavailable, not_ours));
    return {};
  }
  if (init_.version != 0) {
    auto bytes = std::exchange(init_.state, {});
    if (!restore(bytes)) {
      quit(make_error(ec::malformed, "its stored state cannot be read by this build"));
      return {};
    }
  }
  started();
  set_alarm();
  return no_handlers();
}

caf::invoke_message_result entity_actor::consume(caf::mailbox_element& element) {
  if (may_act() || system_message(element))
    return metered::consume(element);
  handled.store(handled.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (call_of(element) != nullptr) {
    answer_error(element, make_error(ec::unavailable, not_ours), context());
    return caf::invoke_message_result::dropped;
  }
  if (element.content().match_elements<passivate_entity>()
      || (element.mid.is_response() && multiplexed_responses_.count(element.mid) == 0)) // a timeout come late
    return caf::invoke_message_result::dropped;
  // An answer or a timer of its own: without it, it would wait for ever if the lease came back.
  quit(make_error(ec::unavailable, not_ours));
  return caf::invoke_message_result::consumed;
}

void entity_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  if (call_of(*element) != nullptr)
    return metered::enqueue(std::move(element), host);
  received.fetch_add(1, std::memory_order_relaxed); // a full mailbox does not keep it from stopping or saving
  caf::event_based_actor::enqueue(std::move(element), host);
}

caf::result<caf::message> entity_actor::handle(caf::message_view& in) {
  auto& content = in.content();
  if (content.match_elements<begin_entity>())
    return caf::delegated<caf::message>{};
  if (content.match_elements<stop_entity>()) {
    if (!std::exchange(stopping_, true) && may_act())
      stopping();
    settle();
    return caf::delegated<caf::message>{};
  }
  if (content.match_elements<passivate_entity>()) {
    if (idle() && init_.around->directory->release(*this, init_.partition))
      quit();
    return caf::delegated<caf::message>{};
  }
  if (content.match_elements<wake_entity>()) {
    alarm(content.get_as<wake_entity>(0).due);
    return caf::delegated<caf::message>{};
  }
  if (content.match_elements<retry_save>()) {
    if (saving_ && saving_->id == content.get_as<retry_save>(0).id)
      send_save();
    return caf::delegated<caf::message>{};
  }
  if (content.match_elements<run_function>()) {
    content.get_as<run_function>(0).f();
    return caf::delegated<caf::message>{};
  }
  if (content.size() == 1) {
    if (auto h = kind().find_local(*content.type(0).second)) {
      h->run(*this, content.get_mutable(0));
      return caf::delegated<caf::message>{};
    }
  }
  if (content.size() != 2 || !content.match_element<entity_call>(0))
    return make_error(ec::rejected, "an entity takes messages by its entity_ref only");
  auto& call = content.get_as<entity_call>(0);
  if (call.deadline <= clock().now())
    return caf::delegated<caf::message>{}; // nobody waits for it
  if (crowded())
    return make_error(ec::unavailable, "too many answers wait for its state to be saved");
  auto promise =
      current_mailbox_element()->mid.is_request() ? make_response_promise() : caf::response_promise{};
  try {
    if (content.match_element<json_command>(1)) {
      auto& command = content.get_as<json_command>(1);
      auto h = kind().find(command.name);
      if (h == nullptr)
        answer{promise, true}.fail(
            make_error(ec::not_found, kind().name + " has no command " + command.name));
      else
        h->run_json(*this, command.payload, answer{promise, true});
    } else if (content.match_element<inspect_entity>(1)) {
      reply(answer{promise, true}, caf::make_message(json_reply{inspection()}));
    } else if (auto h = kind().find(*content.type(1).second)) {
      h->run(*this, content.get(1), answer{promise, false});
    } else {
      answer{promise, false}.fail(make_error(ec::rejected, kind().name + " does not know this message"));
    }
  } catch (const std::exception& e) {
    answer{promise, false}.fail(make_error(ec::failed, e.what()));
    throw;
  }
  return caf::delegated<caf::message>{};
}

void entity_actor::wake_at(std::optional<store::unix_ms> time) {
  init_.wake_at = time;
  set_alarm();
}

// Of many timers only the earliest counts: a time that is set again and again must not pile them up.
void entity_actor::set_alarm() {
  if (!init_.wake_at)
    return;
  auto now = init_.around->wall_now();
  auto due = std::clamp<store::unix_ms>(*init_.wake_at, now, now + longest_alarm.count());
  if (alarm_due_ != 0 && alarm_due_ <= due)
    return;
  alarm_due_ = due;
  delayed_send(this, milliseconds{due - now}, wake_entity{due});
}

void entity_actor::alarm(store::unix_ms due) {
  if (due != alarm_due_)
    return;
  alarm_due_ = 0;
  if (!init_.wake_at)
    return;
  auto at = *init_.wake_at;
  if (init_.around->wall_now() < at)
    return set_alarm();
  init_.wake_at.reset();
  try {
    woken();
  } catch (...) {
    init_.wake_at = at; // to be tried again
    throw;
  }
  save({}, {});
}

void entity_actor::reply(answer to, caf::message reply) {
  if (saving_)
    saving_->answers.push_back({std::move(to), std::move(reply), saving_->changes, {}});
  else if (may_act())
    to.give(std::move(reply));
  else
    to.fail(make_error(ec::timeout, not_ours));
}

void entity_actor::when_durable(std::function<void()> then) {
  if (saving_)
    saving_->answers.push_back({{}, {}, saving_->changes, std::move(then)});
  else
    then();
}

void entity_actor::end_work() {
  --works_;
  settle();
}

void entity_actor::run_after(caf::timespan wait, std::function<void()> f) {
  delayed_send(this, wait, run_function{std::move(f)});
}

bool entity_actor::crowded() const noexcept {
  return saving_ && kind().mailbox_limit != 0 && saving_->answers.size() >= kind().mailbox_limit;
}

void entity_actor::save(answer to, caf::message reply) {
  if (!kind().persistent)
    throw std::logic_error{kind().name
                           + " saves a state that is never loaded: its definition lacks persist()"};
  if (!saving_)
    saving_ = std::make_unique<saving>();
  ++saving_->changes;
  saving_->answers.push_back({std::move(to), std::move(reply), saving_->changes, {}});
  if (saving_->under_way == 0)
    start_save();
}

void entity_actor::start_save() {
  auto& s = *saving_;
  s.under_way = s.changes;
  s.id = next_save_id();
  s.bytes = encoded_state();
  s.wake_at = init_.wake_at;
  s.failures = 0;
  s.unknown = false;
  s.began = clock().now();
  send_save();
}

void entity_actor::send_save() {
  auto& s = *saving_;
  store::save_state order;
  order.name = {kind().name, key()};
  order.role = kind().role;
  order.partition = init_.partition;
  order.epoch = epoch();
  order.version = init_.version;
  order.id = s.id;
  order.bytes = s.bytes;
  order.remember = kind().remember;
  order.wake_at = s.wake_at;
  request(init_.around->store, save_timeout, std::move(order))
      .then([this](const store::state_saved& done) { saved(done.version); },
            [this](const caf::error& reason) { save_failed(reason); });
}

void entity_actor::saved(std::uint64_t version) {
  if (!saving_)
    return;
  auto& s = *saving_;
  init_.version = version;
  stored_wake_ = s.wake_at.has_value();
  auto durable = std::exchange(s.under_way, 0);
  std::vector<std::function<void()>> next;
  while (!s.answers.empty() && s.answers.front().after <= durable) {
    auto held = std::move(s.answers.front());
    s.answers.pop_front();
    if (!may_act())
      held.to.fail(make_error(ec::timeout, not_ours));
    else if (held.then)
      next.push_back(std::move(held.then));
    else
      held.to.give(std::move(held.reply));
  }
  if (s.changes > durable)
    start_save();
  else
    saving_.reset();
  for (auto& f : next)
    f();
  settle();
}

void entity_actor::save_failed(const caf::error& reason) {
  if (!saving_)
    return;
  auto& s = *saving_;
  bool refused = is(reason, ec::conflict), never = is(reason, ec::rejected);
  s.unknown = s.unknown || !(refused || never || is(reason, ec::unavailable));
  if (refused || never || clock().now() - s.began >= kind().save_patience || !may_act()) {
    if (refused && words(reason) == store::fence_conflict)
      init_.around->refused_saves->inc();
    telemetry::get().warn("entity.save_{} type={} epoch={} reason={}", refused ? "refused" : "failed",
                          kind().name, epoch(), runtime::describe(reason));
    if (s.unknown)
      return give_up(make_error(ec::timeout, "whether its state was saved is not known: " + words(reason)));
    return give_up(
        make_error(never ? ec::rejected : ec::unavailable, "its state was not saved: " + words(reason)));
  }
  auto most = std::min(save_backoff_max, save_backoff_min * (1U << std::min(s.failures++, 8U)));
  milliseconds wait{most.count() / 2
                    + static_cast<milliseconds::rep>(telemetry::random_bits() % (most.count() / 2))};
  delayed_send(this, wait, retry_save{s.id});
}

void entity_actor::give_up(caf::error reason) {
  if (auto s = std::move(saving_))
    for (auto& held : s->answers)
      held.to.fail(held.after <= s->under_way
                       ? reason
                       : make_error(ec::unavailable, "its state was not saved: the save before it failed"));
  quit(std::move(reason));
}

void entity_actor::settle() {
  if (stopping_ && idle())
    quit();
}

void entity_actor::on_exit() {
  if (auto s = std::move(saving_))
    for (auto& held : s->answers)
      held.to.fail(held.after <= s->under_way
                       ? make_error(ec::timeout, "the entity ended while its state was being saved")
                       : make_error(ec::unavailable, "the entity ended before its state was saved"));
}

bool entity_actor::cleanup(caf::error&& reason, caf::execution_unit* host) {
  init_.around->directory->ended(*this, init_.partition, reason);
  return metered::cleanup(std::move(reason), host);
}

std::string entity_actor::inspection() const {
  actor::actor_view view;
  describe(view);
  std::string out = R"({"active":true,"type":)";
  auto text = [&](std::string_view x) {
    out += '"';
    telemetry::append_json_escaped(out, x);
    out += '"';
  };
  text(kind().name);
  out += ",\"key\":";
  text(key());
  out += ",\"path\":";
  text(view.path);
  out += ",\"node\":";
  text(node());
  out += ",\"epoch\":" + std::to_string(epoch()) + ",\"partition\":" + std::to_string(init_.partition);
  out += ",\"version\":" + std::to_string(init_.version);
  out += ",\"messages\":" + std::to_string(handled.load(std::memory_order_relaxed));
  auto waiting = received.load(std::memory_order_relaxed) - handled.load(std::memory_order_relaxed);
  out += ",\"mailbox\":" + std::to_string(waiting) + ",\"startedAt\":\"";
  telemetry::append_rfc3339(
      out, std::chrono::duration_cast<std::chrono::microseconds>(view.started.time_since_epoch()).count());
  out += "\",\"state\":" + summary_json() + "}";
  return out;
}

void entity_actor::describe(actor::actor_view& view) const {
  metered::describe(view);
  view.path = "/" + init_.around->node + "/entities/" + kind().name + "/" + key();
}

} // namespace tutti::runtime::entity
