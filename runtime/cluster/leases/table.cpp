#include "runtime/cluster/leases/table.hpp"

#include <map>
#include <utility>

namespace tutti::runtime::cluster {
namespace {

constexpr char table_format = 1;

void put(std::string& out, std::uint64_t number) { // LEB128
  for (; number >= 0x80; number >>= 7U)
    out += static_cast<char>(number | 0x80U);
  out += static_cast<char>(number);
}

void put(std::string& out, const std::string& text) {
  put(out, text.size());
  out += text;
}

/// Reads as long as all is well; then everything it gives is zero or empty.
class reader {
public:
  explicit reader(std::string_view bytes) : left_(bytes) {}
  bool good() const noexcept { return good_; }
  bool at_end() const noexcept { return good_ && left_.empty(); }

  std::uint64_t number() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; good_ && shift < 64; shift += 7) {
      if (left_.empty())
        break;
      auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      out |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80U)
        return out;
    }
    good_ = false;
    return 0;
  }
  std::string text() {
    auto size = number();
    if (size > max_lease_name || size > left_.size())
      good_ = false;
    if (!good_)
      return {};
    std::string out{left_.substr(0, size)};
    left_.remove_prefix(size);
    return out;
  }
  /// A count of things that take at least a byte each, so that a lie cannot reserve memory.
  std::size_t count() {
    auto size = number();
    if (size > left_.size())
      good_ = false;
    return good_ ? size : 0;
  }

private:
  std::string_view left_;
  bool good_ = true;
};

/// Numbers values in the order in which they come.
template <class Key>
class numbering {
public:
  std::size_t of(const Key& key) { return numbers_.emplace(key, numbers_.size()).first->second; }
  std::vector<Key> in_order() const {
    std::vector<Key> out(numbers_.size());
    for (auto& [key, number] : numbers_)
      out[number] = key;
    return out;
  }

private:
  std::map<Key, std::size_t> numbers_;
};

} // namespace

std::string encode_entries(const std::vector<table_entry>& entries) {
  numbering<std::string> roles;
  numbering<std::pair<std::string, std::uint64_t>> owners;
  std::string body;
  for (auto& e : entries) {
    put(body, roles.of(e.role));
    put(body, e.partition);
    put(body, owners.of({e.owner.node, e.owner.incarnation}));
    put(body, e.epoch);
  }
  std::string out{table_format};
  auto names = roles.in_order();
  put(out, names.size());
  for (auto& name : names)
    put(out, name);
  auto holders = owners.in_order();
  put(out, holders.size());
  for (auto& [node, incarnation] : holders) {
    put(out, node);
    put(out, incarnation);
  }
  put(out, entries.size());
  return out + body;
}

std::optional<std::vector<table_entry>> decode_entries(std::string_view bytes) {
  if (bytes.empty())
    return std::vector<table_entry>{}; // a table that was never written
  if (bytes.front() != table_format)
    return std::nullopt;
  reader in{bytes.substr(1)};
  std::vector<std::string> roles(in.count());
  for (auto& role : roles)
    role = in.text();
  std::vector<lease_holder> owners(in.count());
  for (auto& owner : owners) {
    owner.node = in.text();
    owner.incarnation = in.number();
  }
  std::vector<table_entry> out(in.count());
  for (auto& e : out) {
    auto role = in.number();
    auto partition = in.number();
    auto owner = in.number();
    e.epoch = in.number();
    if (!in.good() || role >= roles.size() || owner >= owners.size() || partition > UINT32_MAX)
      return std::nullopt;
    e.role = roles[role];
    e.partition = static_cast<std::uint32_t>(partition);
    e.owner = owners[owner];
  }
  if (!in.at_end())
    return std::nullopt;
  return out;
}

} // namespace tutti::runtime::cluster
