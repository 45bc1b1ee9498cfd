#include "runtime/entity/parts.hpp"

#include "runtime/error.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/trace.hpp"

#include <algorithm>

namespace tutti::runtime::entity {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t parts_at_once = 64; ///< saves under way
constexpr std::size_t parts_a_load = 256;
constexpr milliseconds part_timeout{5'000};
constexpr milliseconds part_backoff_min{50}, part_backoff_max{2'000};

milliseconds part_backoff(unsigned failures) {
  auto most = std::min(part_backoff_max, part_backoff_min * (1U << std::min(failures, 8U)));
  return milliseconds{most.count() / 2
                      + static_cast<milliseconds::rep>(telemetry::random_bits() % (most.count() / 2))};
}

} // namespace

parts::parts(entity_actor& self, reader current) : self_(self), current_(std::move(current)) {}

parts::~parts() {
  *alive_ = false;
}

store::entity_name parts::full_name(const std::string& part) const {
  return {self_.kind().name + "/part", self_.key() + "/" + part};
}

void parts::load(std::vector<std::string> names,
                 std::function<void(const std::string&, std::string&&)> done, std::function<void()> end) {
  if (names.empty())
    return end();
  std::vector<std::string> now(names.begin(),
                               names.begin() + static_cast<long>(std::min(names.size(), parts_a_load)));
  store::load_states query;
  for (auto& n : now)
    query.names.push_back(full_name(n));
  auto again = [this, alive = alive_, names, done, end](unsigned skip) {
    if (*alive)
      load({names.begin() + skip, names.end()}, done, end);
  };
  self_.request(self_.store(), part_timeout, std::move(query))
      .then(
          [this, alive = alive_, now, done, again](store::states_loaded& got) {
            if (!*alive)
              return;
            for (std::size_t i = 0; i < now.size() && i < got.states.size(); ++i) {
              if (got.states[i].version == 0)
                continue;
              parts_[now[i]].version = got.states[i].version;
              done(now[i], std::move(got.states[i].bytes));
            }
            again(static_cast<unsigned>(now.size()));
          },
          [this, alive = alive_, again](const caf::error& reason) {
            if (!*alive)
              return;
            telemetry::get().warn("entity.parts_load_failed type={} reason={}", self_.kind().name,
                                  runtime::describe(reason));
            self_.run_after(part_backoff(4), [again] { again(0); });
          });
}

void parts::touch(const std::string& name, std::function<void()> durable) {
  auto& p = parts_[name];
  bool urgent = durable != nullptr;
  if (urgent)
    p.next.push_back(std::move(durable));
  ++touched_;
  if (p.oldest == 0) {
    p.oldest = touched_;
    if (p.under_way == 0) {
      open_.insert(touched_);
      if (urgent)
        waiting_.push_front(name);
      else
        waiting_.push_back(name);
    }
  }
  pump();
}

void parts::when_saved(std::function<void()> then) {
  if (saved())
    then();
  else
    watchers_.emplace_back(touched_, std::move(then));
}

void parts::pump() {
  if (!saved() && !std::exchange(working_, true))
    self_.begin_work();
  while (!waiting_.empty() && sending_ < parts_at_once) {
    auto name = std::move(waiting_.front());
    waiting_.pop_front();
    auto& p = parts_[name];
    p.under_way = std::exchange(p.oldest, 0);
    p.now = std::exchange(p.next, {});
    ++sending_;
    send(name, {telemetry::random_bits() | 1U, current_(name), 0});
  }
}

void parts::send(const std::string& name, order what) {
  store::save_state m;
  m.name = full_name(name);
  m.role = self_.kind().role;
  m.partition = self_.partition();
  m.epoch = self_.epoch();
  m.version = parts_[name].version;
  m.id = what.id;
  m.bytes = what.bytes.value_or(std::string{});
  m.remove = !what.bytes;
  self_.request(self_.store(), part_timeout, std::move(m))
      .then(
          [this, alive = alive_, name](const store::state_saved& saved) {
            if (*alive)
              done(name, saved.version);
          },
          [this, alive = alive_, name, what = std::move(what)](const caf::error& reason) mutable {
            if (!*alive)
              return;
            if (is(reason, ec::conflict))
              return self_.quit(make_error(ec::unavailable, "a part was not saved: " + words(reason)));
            if (what.failures % 16 == 0)
              telemetry::get().warn("entity.part_save_failed type={} reason={}", self_.kind().name,
                                    runtime::describe(reason));
            if (is(reason, ec::rejected)) // too large: what others need to go on is not held up by it
              return done(name, parts_[name].version);
            auto wait = part_backoff(what.failures++);
            self_.run_after(wait, [this, alive, name, what = std::move(what)]() mutable {
              if (*alive)
                send(name, std::move(what));
            });
          });
}

void parts::done(const std::string& name, std::uint64_t version) {
  --sending_;
  auto& p = parts_[name];
  open_.erase(std::exchange(p.under_way, 0));
  auto run = std::exchange(p.now, {});
  p.version = version;
  if (p.oldest != 0) {
    open_.insert(p.oldest);
    if (p.next.empty())
      waiting_.push_back(name);
    else
      waiting_.push_front(name);
  } else if (version == 0) {
    parts_.erase(name);
  }
  for (auto& f : run)
    f();
  settle();
}

void parts::settle() {
  while (!watchers_.empty() && (open_.empty() || *open_.begin() > watchers_.front().first)) {
    auto f = std::move(watchers_.front().second);
    watchers_.pop_front();
    f();
  }
  pump();
  if (saved() && std::exchange(working_, false))
    self_.end_work();
}

} // namespace tutti::runtime::entity
