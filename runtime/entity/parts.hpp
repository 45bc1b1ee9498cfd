#pragma once
#include "runtime/entity/entity_actor.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tutti::runtime::entity {

/// What an entity keeps beside its state: named records, each saved on its own, for what is too much to be
/// written with every change. They stand under the fence of the entity's partition as its state does, are
/// read only when asked for, and are not listed anywhere: the entity knows their names. A member of the
/// entity's state, so that it ends with it.
class parts {
public:
  /// What a part holds now, at most 1 MiB; nothing: it is removed.
  using reader = std::function<std::optional<std::string>(const std::string& name)>;

  /// `self` outlives it.
  parts(entity_actor& self, reader current);
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts();

  /// `done(name, bytes)` for each that is there, then `end()`. Before they are touched. Tried until it
  /// succeeds or the activation ends.
  void load(std::vector<std::string> names, std::function<void(const std::string&, std::string&&)> done,
            std::function<void()> end);
  /// It has changed. Changes gather while it waits for its turn. `durable`, if any, runs when this change is
  /// saved; such parts go first. A refused save ends the activation, any other is tried again.
  void touch(const std::string& name, std::function<void()> durable = {});
  /// Runs when all changes so far are saved.
  void when_saved(std::function<void()> then);
  bool saved() const noexcept { return open_.empty(); }

private:
  using touches = std::uint64_t; ///< counts them
  struct part {
    std::uint64_t version = 0;
    touches oldest = 0; ///< not saved and not under way; 0: none
    touches under_way = 0;
    std::vector<std::function<void()>> next, now; ///< to run; of those that wait, of what is under way
  };
  struct order {
    std::uint64_t id = 0;
    std::optional<std::string> bytes;
    unsigned failures = 0;
  };

  void pump();
  void send(const std::string& name, order what);
  void done(const std::string& name, std::uint64_t version);
  void settle();
  store::entity_name full_name(const std::string& part) const;

  entity_actor& self_;
  reader current_;
  std::unordered_map<std::string, part> parts_;
  std::deque<std::string> waiting_;
  std::set<touches> open_; ///< oldest unsaved one of each part
  std::deque<std::pair<touches, std::function<void()>>> watchers_;
  touches touched_ = 0;
  std::size_t sending_ = 0;
  bool working_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace tutti::runtime::entity
