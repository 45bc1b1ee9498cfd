#include "runtime/entity/remote/peer_link.hpp"

#include "runtime/entity/call.hpp"
#include "runtime/error.hpp"
#include "runtime/telemetry/trace.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/make_message.hpp>
#include <caf/monitorable_actor.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

namespace tutti::runtime::entity {
namespace {

/// So many frames are acknowledged together when nothing goes back anyway.
constexpr std::uint64_t acknowledge_every = 8;

class link_port final : public caf::monitorable_actor {
public:
  explicit link_port(caf::actor_config& cfg) : monitorable_actor(cfg) {}

  std::weak_ptr<peer_link> link; ///< set before anyone knows the port

  using monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    auto to = link.lock();
    if (!to || !element->mid.is_response())
      return;
    auto id = element->mid.request_id().integer_value();
    auto& content = element->content();
    if (content.match_elements<caf::error>())
      to->fail(id, content.get_as<caf::error>(0), host);
    else
      to->reply(id, content, host);
  }
  const char* name() const override { return "link-port"; }
};

} // namespace

thread_local std::string frame_writer::body_;
thread_local std::string frame_writer::payload_;

peer_link::peer_link(caf::actor_system& sys, const entity_types& types, cluster::lease_holder peer,
                     caf::actor router, caf::actor remote, link_bounds bounds)
    : clock_(sys.clock()), types_(types), peer_(std::move(peer)), bounds_(bounds), router_(std::move(router)),
      remote_(std::move(remote)), last_ask_(telemetry::random_bits() >> 16U), last_ask_sent_(last_ask_) {}

std::shared_ptr<peer_link> peer_link::make(caf::actor_system& sys, const entity_types& types,
                                           cluster::lease_holder peer, caf::actor router, caf::actor remote,
                                           link_bounds bounds) {
  std::shared_ptr<peer_link> out{
      new peer_link{sys, types, std::move(peer), std::move(router), std::move(remote), bounds}};
  caf::actor_config cfg;
  auto port = caf::make_actor<link_port, caf::strong_actor_ptr>(sys.next_actor_id(), sys.node(), &sys, cfg);
  static_cast<link_port*>(port->get())->link = out;
  out->reply_port_ = std::move(port);
  return out;
}

bool peer_link::has_room() const {
  return remote_ && outbox_.size() < bounds_.outbox_bytes && open_.size() < bounds_.open_asks;
}

std::uint64_t peer_link::remember(open_ask ask) {
  auto id = ++last_ask_;
  open_.emplace(id, std::move(ask));
  return id;
}

bool peer_link::send(const entity_type& type, caf::mailbox_element_ptr& element, caf::execution_unit* host) {
  auto& content = element->content();
  auto& call = content.get_as<entity_call>(0);
  // The generic messages have a '$', which no handler's name may have.
  std::string_view message;
  const message_codec* reply = nullptr;
  void (*encode)(const void*, std::string&) = nullptr;
  if (content.match_element<json_command>(1)) {
    message = "$command";
    encode = [](const void* x, std::string& out) { wire::encode(out, *static_cast<const json_command*>(x)); };
  } else if (content.match_element<inspect_entity>(1)) {
    message = "$inspect";
    encode = [](const void* x, std::string& out) {
      wire::encode(out, *static_cast<const inspect_entity*>(x));
    };
  } else if (auto h = type.find(*content.type(1).second)) {
    message = h->name;
    reply = &h->reply;
    encode = h->request.encode;
  }
  std::unique_lock guard{lock_};
  if (!has_room())
    return false;
  bool asks = element->mid.is_request() && element->sender;
  if (encode == nullptr) {
    guard.unlock();
    if (asks)
      give({element->sender, element->mid, nullptr, {}},
           caf::make_message(make_error(ec::rejected, type.name + " does not know this message")), host);
    element.reset();
    return true;
  }
  auto now = clock_.now();
  if (call.deadline <= now) { // nobody waits for it
    element.reset();
    return true;
  }
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline - now).count();
  call_item item;
  item.id = asks ? remember({element->sender, element->mid, reply, call.deadline}) : 0;
  item.budget_ms = static_cast<std::uint64_t>(std::max<decltype(left)>(left, 1));
  item.hops = call.hops;
  item.type = type.name;
  item.key = call.key;
  item.message = message;
  item.trace = call.trace;
  frame_writer{outbox_}.call(asks ? item_kind::ask : item_kind::tell, item,
                             [&](std::string& out) { encode(content.get(1), out); });
  gathered(host);
  guard.unlock();
  element.reset();
  return true;
}

void peer_link::ask_node(std::string_view service, std::string_view payload, std::uint64_t budget_ms,
                         caf::strong_actor_ptr to, caf::message_id id, caf::execution_unit* host) {
  std::unique_lock guard{lock_};
  if (!has_room()) {
    auto words = remote_ ? "too much waits for " + peer_.node : "no connection to " + peer_.node;
    guard.unlock();
    return give({std::move(to), id, nullptr, {}},
                caf::make_message(make_error(ec::unavailable, std::move(words))), host);
  }
  call_item item;
  item.id = remember({std::move(to), id, nullptr, clock_.now() + std::chrono::milliseconds{budget_ms}});
  item.budget_ms = budget_ms;
  item.message = service;
  frame_writer{outbox_}.call(item_kind::node_ask, item, [&](std::string& out) { out = payload; });
  gathered(host);
}

void peer_link::look_at_table(caf::execution_unit* host) {
  std::lock_guard guard{lock_};
  if (!remote_ || outbox_.size() >= bounds_.outbox_bytes)
    return; // it reads the table now and then anyway
  frame_writer{outbox_}.look_at_table();
  gathered(host);
}

void peer_link::gathered(caf::execution_unit* host) {
  if (sent_ == acknowledged_)
    return send_frame(host);
  if (!std::exchange(flush_told_, true))
    caf::anon_send(router_, flush_link{shared_from_this()});
}

void peer_link::send_frame(caf::execution_unit* host) {
  if (!remote_ || outbox_.empty() || sent_ - acknowledged_ >= bounds_.unacknowledged_frames)
    return; // the next acknowledgement flushes
  last_ask_sent_ = last_ask_;
  got_told_ = got_;
  remote_->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(router_),
                                             caf::make_message_id(), {}, frame_atom::value, ++sent_, got_,
                                             std::exchange(outbox_, {})),
                   host);
}

void peer_link::flush(caf::execution_unit* host) {
  std::lock_guard guard{lock_};
  flush_told_ = false;
  send_frame(host);
}

void peer_link::received(std::uint64_t number, std::uint64_t acknowledged, caf::execution_unit* host) {
  std::lock_guard guard{lock_};
  if (number != 0)
    got_ = number;
  bool news = acknowledged > acknowledged_;
  acknowledged_ = std::clamp(acknowledged, acknowledged_, sent_);
  if (news && !outbox_.empty() && !flush_told_)
    send_frame(host);
  if (remote_ && (got_ < got_told_ || got_ - got_told_ >= acknowledge_every)) {
    got_told_ = got_;
    remote_->enqueue(caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(router_),
                                               caf::make_message_id(), {}, frame_atom::value,
                                               std::uint64_t{0}, got_, std::string{}),
                     host);
  }
}

bool peer_link::take(std::uint64_t id, open_ask& out) {
  std::lock_guard guard{lock_};
  auto found = open_.find(id);
  if (found == open_.end())
    return false;
  out = std::move(found->second);
  open_.erase(found);
  return true;
}

void peer_link::give(const open_ask& to, caf::message answer, caf::execution_unit* host) {
  to.asker->enqueue(nullptr, to.id.response_id(), std::move(answer), host);
}

void peer_link::answered(const reply_item& reply, caf::execution_unit* host) {
  open_ask to;
  if (!take(reply.id, to))
    return;
  caf::message decoded;
  if (to.reply != nullptr) {
    decoded = to.reply->decode(reply.payload);
  } else if (auto json = wire::decode<json_reply>(reply.payload)) {
    decoded = caf::make_message(std::move(*json));
  }
  if (decoded.empty())
    decoded = caf::make_message(make_error(ec::timeout, peer_.node + " answered what cannot be read"));
  give(to, std::move(decoded), host);
}

void peer_link::failed(const failure_item& failure, caf::execution_unit* host) {
  open_ask to;
  if (take(failure.id, to))
    give(to,
         caf::make_message(make_error(failure.code >= static_cast<std::uint64_t>(ec::unavailable)
                                              && failure.code <= static_cast<std::uint64_t>(ec::failed)
                                          ? static_cast<ec>(failure.code)
                                          : ec::failed,
                                      std::string{failure.words})),
         host);
}

void peer_link::reply(std::uint64_t id, const caf::type_erased_tuple& content, caf::execution_unit* host) {
  auto type = content.size() == 1 ? content.type(0).second : nullptr;
  auto codec = type == nullptr ? nullptr : types_.reply_codec(*type);
  if (codec == nullptr)
    return fail(id, make_error(ec::failed, "the answer is none that can travel"), host);
  thread_local std::string payload;
  payload.clear();
  codec->encode(content.get(0), payload);
  std::lock_guard guard{lock_};
  if (!remote_)
    return;
  frame_writer{outbox_}.reply(id, payload);
  gathered(host);
}

void peer_link::fail(std::uint64_t id, const caf::error& reason, caf::execution_unit* host) {
  auto code = ec::failed;
  if (reason == caf::sec::request_receiver_down)
    code = ec::unavailable; // it ended before it came to the message
  else if (reason == caf::sec::request_timeout)
    code = ec::timeout;
  else
    for (auto c = static_cast<std::uint8_t>(ec::unavailable); c <= static_cast<std::uint8_t>(ec::failed); ++c)
      if (is(reason, static_cast<ec>(c)))
        code = static_cast<ec>(c);
  auto text = words(reason);
  std::lock_guard guard{lock_};
  if (!remote_)
    return;
  frame_writer{outbox_}.failure({id, static_cast<std::uint64_t>(code), text});
  gathered(host);
}

void peer_link::expire(caf::execution_unit* host) {
  auto now = clock_.now();
  std::vector<open_ask> late;
  {
    std::lock_guard guard{lock_};
    std::erase_if(open_, [&](auto& ask) {
      if (ask.second.deadline >= now)
        return false;
      late.push_back(ask.second);
      return true;
    });
  }
  for (auto& ask : late)
    give(ask, caf::make_message(make_error(ec::timeout, "no answer from " + peer_.node)), host);
}

void peer_link::disconnect(const std::string& why) {
  std::unordered_map<std::uint64_t, open_ask> open;
  std::uint64_t sent = 0;
  {
    std::lock_guard guard{lock_};
    router_ = remote_ = nullptr;
    outbox_.clear();
    open.swap(open_);
    sent = last_ask_sent_;
  }
  for (auto& [id, to] : open)
    give(to,
         caf::make_message(
             id <= sent ? make_error(ec::timeout, "the connection to " + peer_.node + " was lost: " + why)
                        : make_error(ec::unavailable, "the connection to " + peer_.node + " was lost")),
         nullptr);
}

} // namespace tutti::runtime::entity
