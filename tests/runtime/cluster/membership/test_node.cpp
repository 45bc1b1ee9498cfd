#include "tests/runtime/cluster/membership/test_node.hpp"

#include "runtime/actor/scheduling.hpp"
#include "runtime/cluster/links/remoting.hpp"
#include "runtime/wall_clock.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include <caf/all.hpp>

namespace tutti::tests::membership {
namespace {

caf::behavior shared_store(caf::event_based_actor*, std::shared_ptr<shared_leases> kept) {
  return {
      [=](acquire_leases& m) {
        std::lock_guard guard{kept->lock};
        return kept->book.acquire(std::move(m), runtime::wall_time());
      },
      [=](renew_leases& m) {
        std::lock_guard guard{kept->lock};
        return kept->book.renew(std::move(m), runtime::wall_time());
      },
      [=](const release_leases& m) {
        std::lock_guard guard{kept->lock};
        kept->book.release(m);
        return leases_released{};
      },
      [=](const list_leases& m) {
        std::lock_guard guard{kept->lock};
        return kept->book.list(m, runtime::wall_time());
      },
  };
}

caf::behavior recorder(caf::event_based_actor* self, std::shared_ptr<record> to) {
  self->set_down_handler([to](const caf::down_msg& down) {
    std::lock_guard guard{to->lock};
    to->ended = runtime::describe(down.reason);
  });
  return {
      [to](members_changed& m) {
        std::lock_guard guard{to->lock};
        to->members = std::move(m.members);
      },
      [to](const peer_up& m) {
        std::lock_guard guard{to->lock};
        to->events.push_back("up " + m.peer.name + " " + std::to_string(m.peer.incarnation));
        to->routers.push_back(m.router);
      },
      [to](const peer_down& m) {
        std::lock_guard guard{to->lock};
        to->events.push_back("down " + m.name + " " + std::to_string(m.incarnation));
        to->downs.push_back(std::chrono::steady_clock::now());
      },
  };
}

} // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  for (auto until = std::chrono::steady_clock::now() + patience; !condition();) {
    if (std::chrono::steady_clock::now() > until)
      return condition();
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

start_store stores_of(std::shared_ptr<shared_leases> leases) {
  return [leases = std::move(leases)](caf::event_based_actor& parent, const runtime::actor::placement&) {
    return parent.spawn(shared_store, leases);
  };
}

test_node::config::config() {
  runtime::actor::use_shared_queue(*this, 2, 300);
  configure_remoting(*this);
}

test_node::test_node(node_options options)
    : table_(options.name), system_(std::make_unique<caf::actor_system>(config_)),
      end_stores_(options.end_stores) {
  std::promise<void> made;
  root_ = system_->spawn([&](caf::event_based_actor* self) {
    auto at = [&](const char* name) { return runtime::actor::placement{&table_, "/n/" + std::string{name}}; };
    auto for_keeper = options.store(*self, at("keeper-store"));
    membership_options how;
    how.leases = options.store(*self, at("store"));
    lease_holder holder{options.name, options.incarnation};
    how.keeper = spawn_lease_keeper(*self, at("keeper"), for_keeper, {holder, {options.ttl}}, metrics_);
    how.router = self->spawn([] { return caf::behavior{[](caf::ping_atom) { return caf::pong_atom_v; }}; });
    how.self = {options.name, options.incarnation, "127.0.0.1", options.port, "", {"worker"}, "1"};
    how.cluster = options.cluster;
    how.addresses = options.addresses;
    how.lease_ttl = options.ttl;
    how.tls = options.tls;
    others_ = {for_keeper, how.leases, how.keeper, how.router};
    membership_ = spawn_membership(*self, at("membership"), how);
    self->monitor(membership_);
    self->send(membership_, subscribe_members{});
    made.set_value();
    return recorder(self, record_);
  });
  made.get_future().wait();
}

test_node::~test_node() {
  others_.insert(others_.begin(), {membership_, root_}); // before what they use
  {
    caf::scoped_actor waiting{*system_};
    for (auto& a : others_) {
      caf::anon_send_exit(a, caf::exit_reason::kill);
      waiting->wait_for(a);
    }
  }
  others_.clear();
  root_ = membership_ = nullptr;
  record_->routers.clear(); // CAF ends with the last proxy
  end_stores_();
  system_.reset();
}

std::uint16_t test_node::port() {
  std::uint16_t out = 0;
  eventually([&] {
    std::lock_guard guard{record_->lock};
    for (auto& m : record_->members)
      if (m.info.name == table_.node())
        out = m.info.port;
    return out != 0;
  });
  return out;
}

std::optional<member> test_node::find(const std::string& name) {
  std::lock_guard guard{record_->lock};
  for (auto& m : record_->members)
    if (m.info.name == name)
      return m;
  return std::nullopt;
}

bool test_node::sees(const std::string& name, member_state state, bool reachable) {
  auto m = find(name);
  return m && m->state == state && m->reachable == reachable;
}

bool test_node::sees_up(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](auto& n) { return sees(n, member_state::up, true); });
}

std::vector<std::string> test_node::events() {
  std::lock_guard guard{record_->lock};
  return record_->events;
}

std::size_t test_node::count(const std::string& event) {
  auto all = events();
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), event));
}

std::string test_node::ended() {
  std::lock_guard guard{record_->lock};
  return record_->ended;
}

} // namespace tutti::tests::membership
