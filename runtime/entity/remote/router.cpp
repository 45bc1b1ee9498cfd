#include "runtime/entity/remote/router.hpp"

#include "runtime/cluster/membership/membership.hpp"
#include "runtime/cluster/placement/ownership.hpp"
#include "runtime/entity/define.hpp"
#include "runtime/entity/remote/peer_link.hpp"
#include "runtime/error.hpp"
#include "runtime/telemetry/log.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

namespace tutti::runtime::entity {

struct router_tick {};

} // namespace tutti::runtime::entity

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::runtime::entity::router_tick)

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds router_interval{1};
constexpr std::size_t max_early_frames = 64;
/// Our own membership tells of a peer sooner; whoever sent what is older may have given up and tried again.
constexpr std::chrono::seconds max_early_age{1};
/// From tick to tick, by a clock that a stop of the process does not stop. Beyond it this process was frozen,
/// and what comes first is as old.
constexpr std::chrono::seconds frozen_after{3};
/// Nodes that may pass a message on while their tables differ.
constexpr std::uint64_t max_hops = 4;
/// What a peer may ask for; more is no deadline but a mistake.
constexpr std::uint64_t max_budget_ms = 24U * 3'600'000;

/// Of normal priority, so that what a sender tells and asks stays in order.
caf::message_id request_id(std::uint64_t id) {
  return caf::make_message_id(id & caf::message_id::request_id_mask)
      .with_category(caf::message_id::normal_message_category);
}

class router_actor final : public actor::metered {
public:
  router_actor(caf::actor_config& cfg, actor::placement where, const entity_types& types,
               std::shared_ptr<directory> entities, std::shared_ptr<const cluster::lease_clock> boot)
      : metered(cfg, std::move(where), "router"), types_(types), entities_(std::move(entities)),
        boot_(std::move(boot)), ticked_at_(boot_->now()) {}

protected:
  caf::behavior make_behavior() override {
    set_down_handler([this](const caf::down_msg& down) {
      std::erase_if(services_, [&](auto& s) { return s.second.address() == down.source; });
    });
    delayed_send(this, router_interval, router_tick{});
    return {
        [this](frame_atom, std::uint64_t number, std::uint64_t acknowledged, std::string& items) {
          got_frame({caf::actor_cast<caf::actor_addr>(current_sender()), number, acknowledged,
                     std::move(items), clock().now()});
        },
        [this](const flush_link& order) { order.link->flush(context()); },
        [this](cluster::table_changed& news) {
          table_ = std::move(news.table);
          point_all();
        },
        [](const cluster::members_changed&) {}, // comes with the subscription
        [this](const cluster::peer_up& news) { connected(news); },
        [this](const cluster::peer_down& news) {
          auto found = links_.find(news.name);
          if (found != links_.end() && found->second.link->peer().incarnation == news.incarnation)
            disconnected(found, runtime::describe(news.reason));
        },
        [this](cluster::look_at_table) {
          look_at_table();
          for (auto& [name, c] : links_)
            c.link->look_at_table(context());
        },
        [this](const ask_node& question) -> caf::result<json_reply> { return ask(question); },
        [this](const serve_node& order) {
          monitor(order.to);
          services_[order.service] = order.to;
        },
        [this](router_tick) {
          delayed_send(this, router_interval, router_tick{});
          thawed();
          ticked_at_ = boot_->now();
          forget_old_frames();
          for (auto& [name, c] : links_)
            c.link->expire(context());
        },
    };
  }

  void on_exit() override {
    for (auto& [name, c] : std::exchange(links_, {}))
      c.link->disconnect("this node's router ended");
    services_.clear();
    pointed_.clear();
    table_ = nullptr;
  }

private:
  struct frame {
    caf::actor_addr from;
    std::uint64_t number = 0, acknowledged = 0;
    std::string items;
    call_clock::time_point at; ///< when it came
  };
  struct connection {
    std::shared_ptr<peer_link> link;
    caf::actor_addr remote;
  };
  using connections = std::map<std::string, connection>;

  const std::string& node() const { return at().table->node(); }

  void connected(const cluster::peer_up& news) {
    if (auto old = links_.find(news.peer.name); old != links_.end())
      disconnected(old, "it has connected anew");
    auto link = peer_link::make(system(), types_, news.peer.holder(), this, news.router);
    links_[news.peer.name] = {link, news.router.address()};
    point_all();
    forget_old_frames();
    for (auto& f : std::exchange(early_, {}))
      got_frame(std::move(f));
  }

  void disconnected(connections::iterator which, const std::string& why) {
    auto link = which->second.link;
    links_.erase(which);
    point_all(); // first, so that what is asked from now on waits
    link->disconnect(why);
  }

  void point_all() {
    if (!table_)
      return;
    std::map<std::pair<std::string, std::uint32_t>, std::shared_ptr<peer_link>> owners;
    for (auto& e : table_->entries) {
      auto found = links_.find(e.owner.node);
      owners[{e.role, e.partition}] =
          found != links_.end() && found->second.link->peer() == e.owner ? found->second.link : nullptr;
    }
    for (auto& [name, link] : owners)
      entities_->set_owner(name.first, name.second, link);
    for (auto& [name, link] : pointed_)
      if (owners.count(name) == 0)
        entities_->set_owner(name.first, name.second, nullptr);
    pointed_ = std::move(owners);
  }

  /// Their numbers stay: they are acknowledged, or the peer would wait for that without end.
  void forget_old_frames() {
    auto oldest = clock().now() - max_early_age;
    for (auto& f : early_)
      if (f.at < oldest && !f.items.empty()) {
        telemetry::get().warn("router.early_frame_dropped bytes={}", f.items.size());
        f.items = std::string{};
      }
  }

  /// Whether this process was frozen a moment ago.
  bool thawed() {
    auto now = boot_->now();
    if (now - ticked_at_ > frozen_after) {
      telemetry::get().warn("router.thawed refuses_ms={}", milliseconds{router_interval}.count());
      refuse_until_ = now + router_interval;
      ticked_at_ = now;
    }
    return now < refuse_until_;
  }

  void got_frame(frame in) {
    auto found =
        std::find_if(links_.begin(), links_.end(), [&](auto& c) { return c.second.remote == in.from; });
    if (found == links_.end()) { // our own membership is about to tell of it
      early_.push_back(std::move(in));
      if (early_.size() > max_early_frames) {
        telemetry::get().warn("router.early_frame_dropped bytes={}", early_.front().items.size());
        early_.pop_front();
      }
      return;
    }
    auto link = found->second.link;
    link->received(in.number, in.acknowledged, context());
    if (in.items.empty())
      return;
    struct {
      router_actor* self;
      peer_link* link;
      call_clock::time_point at;
      void call(item_kind kind, const call_item& x, std::string_view payload) {
        self->deliver(*link, at, kind, x, payload);
      }
      void reply(const reply_item& x) { link->answered(x, self->context()); }
      void failure(const failure_item& x) { link->failed(x, self->context()); }
      void look_at_table() { self->look_at_table(); }
    } on{this, link.get(), in.at};
    if (!read_frame(in.items, on))
      telemetry::get().warn("router.bad_frame from={} bytes={}", link->peer().node, in.items.size());
  }

  void deliver(peer_link& link, call_clock::time_point came_at, item_kind kind, const call_item& x,
               std::string_view payload) {
    auto refuse = [&](ec code, std::string text) {
      if (kind == item_kind::tell)
        telemetry::get().warn("router.tell_refused type={} reason={}", x.type, text);
      else
        link.fail(x.id, make_error(code, std::move(text)), context());
    };
    if (thawed())
      return refuse(ec::unavailable, node() + " was frozen; the message may be as old");
    if (kind == item_kind::node_ask)
      return asked(link, x, payload);
    auto type = types_.find(x.type);
    if (type == nullptr)
      return refuse(ec::not_found, node() + " has no entity type " + std::string{x.type});
    if (x.hops >= max_hops)
      return refuse(ec::unavailable, "the nodes do not agree yet on who owns the entity");
    entity_call call{std::string{x.key}, came_at + milliseconds{std::min(x.budget_ms, max_budget_ms)},
                     x.trace, static_cast<std::uint8_t>(x.hops + 1)};
    auto id = kind == item_kind::ask ? request_id(x.id) : caf::make_message_id();
    auto sender = kind == item_kind::ask ? link.reply_port() : nullptr;
    caf::mailbox_element_ptr element;
    if (x.message == "$command") {
      static const auto codec = codec_of<json_command>();
      element = codec.deliverable(sender, id, std::move(call), payload);
    } else if (x.message == "$inspect") {
      static const auto codec = codec_of<inspect_entity>();
      element = codec.deliverable(sender, id, std::move(call), payload);
    } else if (auto h = type->find(x.message)) {
      element = h->request.deliverable(sender, id, std::move(call), payload);
    } else {
      return refuse(ec::rejected,
                    type->name + " on " + node() + " does not know the message " + std::string{x.message});
    }
    if (!element)
      return refuse(ec::malformed, "the message " + std::string{x.message} + " cannot be read");
    entities_->deliver(*type, std::move(element), context());
  }

  void look_at_table() {
    if (auto found = services_.find(table_service); found != services_.end())
      send(found->second, cluster::look_at_table{});
  }

  void asked(peer_link& link, const call_item& x, std::string_view payload) {
    auto found = services_.find(x.message);
    if (found == services_.end())
      return link.fail(
          x.id, make_error(ec::unavailable, node() + " has no service " + std::string{x.message}), context());
    found->second->enqueue(caf::make_mailbox_element(link.reply_port(), request_id(x.id), {},
                                                     node_question{std::string{payload}}),
                           context());
  }

  caf::result<json_reply> ask(const ask_node& question) {
    auto found = services_.find(question.service);
    if (question.node == node()) {
      if (found == services_.end())
        return make_error(ec::unavailable, "no service " + question.service);
      delegate(found->second, node_question{question.payload});
      return caf::delegated<json_reply>{};
    }
    auto link = links_.find(question.node);
    if (link == links_.end())
      return make_error(ec::unavailable, "no connection to " + question.node);
    auto element = current_mailbox_element();
    if (!element->mid.is_request())
      return make_error(ec::rejected, "a question is a request");
    auto id = element->mid;
    auto asker = std::move(element->sender);
    element->mid.mark_as_answered();
    link->second.link->ask_node(
        question.service, question.payload,
        static_cast<std::uint64_t>(std::max<milliseconds::rep>(question.timeout.count(), 1)),
        std::move(asker), id, context());
    return caf::delegated<json_reply>{};
  }

  const entity_types& types_;
  std::shared_ptr<directory> entities_;
  connections links_;       ///< by the peer's name
  std::deque<frame> early_; ///< of peers that have not been announced yet
  std::map<std::string, caf::actor, std::less<>> services_;
  std::shared_ptr<const cluster::partition_table> table_;
  std::map<std::pair<std::string, std::uint32_t>, std::shared_ptr<peer_link>> pointed_;
  std::shared_ptr<const cluster::lease_clock> boot_;
  std::chrono::nanoseconds ticked_at_, refuse_until_{0};
};

} // namespace

caf::actor spawn_router(caf::event_based_actor& parent, actor::placement at, const entity_types& types,
                        std::shared_ptr<directory> entities,
                        std::shared_ptr<const cluster::lease_clock> clock) {
  return caf::actor_cast<caf::actor>(
      parent.spawn<router_actor>(std::move(at), std::cref(types), std::move(entities), std::move(clock)));
}

} // namespace tutti::runtime::entity
