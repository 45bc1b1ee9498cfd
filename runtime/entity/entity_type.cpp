#include "runtime/entity/entity_type.hpp"

#include "runtime/entity/define.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tutti::runtime::entity {

const message_handler* entity_type::find(std::type_index request) const noexcept {
  for (auto& h : handlers)
    if (h.request.type == request)
      return &h;
  return nullptr;
}

const message_handler* entity_type::find(std::string_view message_name) const noexcept {
  for (auto& h : handlers)
    if (h.name == message_name)
      return &h;
  return nullptr;
}

const local_handler* entity_type::find_local(std::type_index message) const noexcept {
  for (auto& h : locals)
    if (h.type == message)
      return &h;
  return nullptr;
}

void entity_types::add(entity_type type) {
  auto check = [](const std::string& name, const std::string& what) {
    auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), allowed))
      throw std::invalid_argument{"\"" + name + "\" is no name for " + what};
  };
  check(type.name, "an entity type");
  if (find(type.name) != nullptr)
    throw std::invalid_argument{"there are two entity types " + type.name};
  replies_.insert_or_assign(typeid(json_reply), codec_of<json_reply>());
  for (auto& h : type.handlers) {
    check(h.name, "a message of " + type.name);
    if (type.find(h.name) != &h || type.find(h.request.type) != &h)
      throw std::invalid_argument{type.name + " has two messages " + h.name};
  }
  for (auto& h : type.handlers)
    replies_.insert_or_assign(h.reply.type, h.reply);
  types_.push_back(std::make_unique<const entity_type>(std::move(type)));
}

const entity_type* entity_types::find(std::string_view name) const noexcept {
  for (auto& t : types_)
    if (t->name == name)
      return t.get();
  return nullptr;
}

std::set<std::string> entity_types::roles() const {
  std::set<std::string> out;
  for (auto& t : types_)
    out.insert(t->role);
  return out;
}

const message_codec* entity_types::reply_codec(const std::type_info& reply) const noexcept {
  auto found = replies_.find(reply);
  return found == replies_.end() ? nullptr : &found->second;
}

std::uint32_t partition_of(std::string_view type, std::string_view key, std::uint32_t partitions) noexcept {
  // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), then the finalizer of MurmurHash3, since FNV's low
  // bits are weak.
  std::uint64_t h = 0xcbf29ce484222325U;
  auto feed = [&](std::string_view bytes) {
    for (auto c : bytes)
      h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  };
  feed(type);
  feed(std::string_view{"\0", 1});
  feed(key);
  h = (h ^ (h >> 33U)) * 0xff51afd7ed558ccdU;
  h = (h ^ (h >> 33U)) * 0xc4ceb9fe1a85ec53U;
  h ^= h >> 33U;
  return static_cast<std::uint32_t>(h % partitions);
}

} // namespace tutti::runtime::entity
