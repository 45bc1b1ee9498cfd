#pragma once
#include "runtime/entity/call.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message.hpp>

namespace tutti::runtime::entity {

class entity_actor;
class answer;
struct activation;
struct entity_type;

/// How one C++ message type becomes bytes and JSON. Made by codec_of<T>() (define.hpp).
struct message_codec {
  std::type_index type;
  void (*encode)(const void* message, std::string& out);
  /// An empty message when the bytes are not one.
  caf::message (*decode)(std::string_view bytes);
  /// For the mailbox of an entity: (entity_call, T). Null when the bytes are not one.
  caf::mailbox_element_ptr (*deliverable)(caf::strong_actor_ptr sender, caf::message_id id, entity_call call,
                                          std::string_view bytes);
  std::string (*to_json)(const void* message);
  std::string (*schema)();
};

/// What an entity type does with one message. Its name is its name between nodes, and as a command.
struct message_handler {
  std::string name;
  message_codec request;
  message_codec reply;
  std::function<void(entity_actor& self, const void* request, answer to)> run;
  /// The same from JSON. What is wrong with the JSON is the answer.
  std::function<void(entity_actor& self, std::string_view json, answer to)> run_json;
};

/// What an entity type does with a message that is no command and stays within the node: its own timers, and
/// what ports send it.
struct local_handler {
  std::type_index type;
  std::function<void(entity_actor& self, void* message)> run;
};

/// One kind of entity. Made by define<State>() in one file of its area, and registered by one line in the
/// node.
struct entity_type {
  std::string name; ///< [a-z0-9-], at most 64, as those of its messages
  std::string summary;
  std::string role; ///< of the nodes that may own it
  std::vector<message_handler> handlers;
  std::vector<local_handler> locals;
  std::chrono::milliseconds passivate_after{600'000}; ///< without a message; 0: never
  bool persistent = false; ///< its state is loaded before its first message, and saved by write handlers
  bool remember = false;   ///< once saved, lives without a message too
  std::chrono::milliseconds save_patience{5'000}; ///< a save that fails is tried for so long
  std::uint64_t mailbox_limit = 10'000;
  /// The actor begins with the first message to it.
  std::function<caf::actor(caf::event_based_actor& host, activation init)> spawn;

  const message_handler* find(std::type_index request) const noexcept;
  const message_handler* find(std::string_view message_name) const noexcept;
  const local_handler* find_local(std::type_index message) const noexcept;
};

/// The entity types of a build. Filled before anything runs, then only read: safe to share between threads.
class entity_types {
public:
  /// Throws std::invalid_argument on a name that is taken or no name, of the type or one of its messages:
  /// mistakes in the code.
  void add(entity_type type);
  const entity_type* find(std::string_view name) const noexcept;
  const std::vector<std::unique_ptr<const entity_type>>& all() const noexcept { return types_; }
  std::set<std::string> roles() const;
  /// Of any reply that one of the types can give.
  const message_codec* reply_codec(const std::type_info& reply) const noexcept;

private:
  std::vector<std::unique_ptr<const entity_type>> types_;
  std::map<std::type_index, message_codec> replies_;
};

/// The partition of an entity: the same in every build and on every machine.
std::uint32_t partition_of(std::string_view type, std::string_view key, std::uint32_t partitions) noexcept;

} // namespace tutti::runtime::entity
