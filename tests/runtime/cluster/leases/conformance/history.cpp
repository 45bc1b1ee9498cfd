#include "tests/runtime/cluster/leases/conformance/history.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include <caf/all.hpp>

namespace tutti::tests::leases {

using namespace runtime::cluster;

std::size_t history::begin(tenure t) {
  std::lock_guard guard{lock_};
  tenures_.push_back(std::move(t));
  return tenures_.size() - 1;
}

void history::extend(std::size_t number, time from, time to) {
  std::lock_guard guard{lock_};
  auto& holds = tenures_[number].holds;
  if (!holds.empty() && from <= holds.back().second)
    holds.back().second = std::max(holds.back().second, to);
  else if (from < to)
    holds.emplace_back(from, to);
}

void history::stop(std::size_t number, time at) {
  std::lock_guard guard{lock_};
  if (auto& holds = tenures_[number].holds; !holds.empty())
    holds.back().second = std::min(holds.back().second, at);
}

std::size_t history::grants() const {
  std::lock_guard guard{lock_};
  return tenures_.size();
}

std::vector<std::string> history::faults() const {
  std::lock_guard guard{lock_};
  std::vector<std::string> out;
  std::map<std::string, std::vector<const tenure*>> by_name;
  for (auto& t : tenures_)
    by_name[t.name].push_back(&t);
  for (auto& [name, all] : by_name) {
    auto say = [&, &name = name](const char* what, const tenure& x, const tenure& y) {
      out.push_back(name + ": " + what + ": " + std::to_string(x.epoch) + ", " + std::to_string(y.epoch));
    };
    std::set<std::uint64_t> epochs;
    std::vector<std::pair<std::pair<time, time>, const tenure*>> holds;
    for (auto* t : all) {
      if (!epochs.insert(t->epoch).second)
        say("an epoch twice", *t, *t);
      for (auto& h : t->holds)
        holds.emplace_back(h, t);
    }
    for (auto* x : all) // those that were known before the other was asked for
      for (auto* y : all)
        if (x != y && x->received <= y->sent && x->epoch >= y->epoch)
          say("an epoch goes back", *x, *y);
    std::sort(holds.begin(), holds.end());
    for (std::size_t i = 1; i < holds.size(); ++i)
      if (holds[i - 1].second != holds[i].second && holds[i - 1].first.second > holds[i].first.first)
        say("two hold it at once", *holds[i - 1].second, *holds[i].second);
  }
  return out;
}

namespace {

using play = caf::atom_constant<caf::atom("play")>;

struct lease_of_player {
  std::unique_ptr<held_lease> lease;
  std::size_t number = 0; ///< in the history
  std::uint64_t held = 0, seen = 0;
};

class player final : public caf::event_based_actor {
public:
  player(caf::actor_config& cfg, caf::actor store, lease_holder who, lease_store_options options,
         std::shared_ptr<const lease_clock> clock, std::shared_ptr<history> seen, unsigned seed)
      : event_based_actor(cfg), store_(std::move(store)), who_(std::move(who)), options_(options),
        clock_(std::move(clock)), history_(std::move(seen)), random_(seed) {}

protected:
  caf::behavior make_behavior() override {
    pause();
    return {[this](play) { move(); }};
  }

private:
  std::chrono::milliseconds patience() const { return options_.call_timeout() * 2; }
  int die(int sides) { return std::uniform_int_distribution<int>{0, sides - 1}(random_); }
  void pause() { delayed_send(this, caf::timespan{options_.ttl} * die(100) / 500, play::value); }

  void move() {
    std::string name = die(2) == 0 ? "x" : "y";
    auto& l = leases_[name];
    auto throw_of_die = die(10);
    auto sent = clock_->now();
    if (!l.lease || !l.lease->holds() || throw_of_die == 0)
      acquire(name, l, sent);
    else if (throw_of_die < 8)
      renew(name, l, sent);
    else
      release(name, l, sent);
  }

  void acquire(const std::string& name, lease_of_player& l, history::time sent) {
    if (l.lease)
      lose(l, sent); // the new grant may come before its answer
    request(store_, patience(), acquire_leases{who_, {{name, l.held, l.seen, ""}}})
        .then(
            [this, name, &l, sent](const leases_acquired& answer) {
              auto& g = answer.grants.at(0);
              l.seen = std::max(l.seen, g.epoch);
              if (g.outcome == acquired::granted) {
                auto now = clock_->now();
                auto until = held_lease::deadline(sent, options_.ttl);
                l.held = g.epoch;
                l.number = history_->begin({name, g.epoch, sent, now, {}});
                l.lease = std::make_unique<held_lease>(name, g.epoch, until, clock_);
                history_->extend(l.number, now, until);
              }
              pause();
            },
            [this](const caf::error&) { pause(); });
  }

  void renew(const std::string& name, lease_of_player& l, history::time sent) {
    request(store_, patience(), renew_leases{who_, {{name, l.lease->epoch(), ""}}})
        .then(
            [this, &l, sent](const leases_renewed& answer) {
              if (answer.lost.empty())
                history_->extend(l.number, clock_->now(), held_lease::deadline(sent, options_.ttl));
              if (answer.lost.empty())
                l.lease->extend(held_lease::deadline(sent, options_.ttl));
              else
                lose(l, clock_->now());
              pause();
            },
            [this](const caf::error&) { pause(); });
  }

  void release(const std::string& name, lease_of_player& l, history::time now) {
    auto epoch = l.lease->epoch();
    lose(l, now);
    auto again = [this] { pause(); };
    request(store_, patience(), release_leases{who_, {{name, epoch}}})
        .then([again](const leases_released&) { again(); }, [again](const caf::error&) { again(); });
  }

  void lose(lease_of_player& l, history::time now) {
    history_->stop(l.number, now);
    l.lease = nullptr;
  }

  caf::actor store_;
  lease_holder who_;
  lease_store_options options_;
  std::shared_ptr<const lease_clock> clock_;
  std::shared_ptr<history> history_;
  std::minstd_rand random_;
  std::map<std::string, lease_of_player> leases_;
};

} // namespace

caf::actor spawn_player(caf::actor_system& sys, caf::actor store, lease_holder who,
                        lease_store_options options, std::shared_ptr<const lease_clock> clock,
                        std::shared_ptr<history> seen, unsigned seed) {
  return caf::actor_cast<caf::actor>(
      sys.spawn<player>(std::move(store), std::move(who), options, std::move(clock), std::move(seen), seed));
}

} // namespace tutti::tests::leases
