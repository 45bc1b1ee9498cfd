#include "runtime/config/document.hpp"

#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

namespace tutti::runtime::config {
namespace {

std::string_view type_name(toml::node_type type) noexcept {
  switch (type) {
  case toml::node_type::date:
    return "date";
  case toml::node_type::time:
    return "time";
  case toml::node_type::date_time:
    return "date and time";
  default:
    return "table";
  }
}

std::string last_error() {
  return std::error_code{errno, std::generic_category()}.message();
}

raw to_raw(const toml::node& node) {
  if (auto* text = node.as_string())
    return {text->get()};
  if (auto* integer = node.as_integer())
    return {integer->get()};
  if (auto* real = node.as_floating_point())
    return {real->get()};
  if (auto* flag = node.as_boolean())
    return {flag->get()};
  if (auto* array = node.as_array()) {
    std::vector<raw> elements;
    for (auto& element : *array)
      elements.push_back(to_raw(element));
    return {std::move(elements)};
  }
  return {raw::odd{type_name(node.type())}};
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<document::item>& items,
             std::vector<document::section>& sections) {
  for (auto& [key, node] : table) {
    auto path = prefix + std::string{key.str()};
    auto line = static_cast<std::size_t>(key.source().begin.line);
    if (auto* inner = node.as_table()) {
      sections.push_back({path, line});
      flatten(*inner, path + '.', items, sections);
    } else {
      items.push_back({std::move(path), to_raw(node), line});
    }
  }
}

void take_nodes(const toml::array& array, document& out) {
  for (auto& element : array) {
    document::node node;
    node.line = static_cast<std::size_t>(element.source().begin.line);
    for (auto& [key, value] : *element.as_table())
      node.items.push_back(
          {std::string{key.str()}, to_raw(value), static_cast<std::size_t>(key.source().begin.line)});
    out.nodes.push_back(std::move(node));
  }
}

} // namespace

std::string read_small_file(const std::filesystem::path& file, std::string& error) {
  constexpr std::size_t limit = 1 << 20;
  std::string content;
  int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (fd < 0 || ::fstat(fd, &about) != 0) {
    error = last_error();
  } else if (S_ISDIR(about.st_mode)) {
    error = "is a directory";
  } else {
    char buffer[16'384];
    ssize_t n = 0;
    while ((n = ::read(fd, buffer, sizeof buffer)) > 0 && content.size() <= limit)
      content.append(buffer, static_cast<std::size_t>(n));
    if (n < 0)
      error = last_error();
    else if (content.size() > limit)
      error = "is larger than 1 MiB";
  }
  if (fd >= 0)
    ::close(fd);
  return error.empty() ? content : std::string{};
}

document read_document(const std::filesystem::path& file) {
  document out;
  auto content = read_small_file(file, out.error);
  if (!out.error.empty()) {
    out.error = "cannot be read: " + out.error;
    return out;
  }
  try {
    auto root = toml::parse(std::string_view{content});
    if (auto* nodes = root["node"].as_array(); nodes && nodes->is_array_of_tables()) {
      take_nodes(*nodes, out);
      root.erase("node");
    }
    flatten(root, "", out.items, out.sections);
  } catch (const toml::parse_error& e) {
    out = {};
    // Not what the parser saw there: it may be the beginning of a secret without its quotes.
    out.error = e.description().substr(0, e.description().find(", saw "));
    out.error_line = static_cast<std::size_t>(e.source().begin.line);
    out.error_column = static_cast<std::size_t>(e.source().begin.column);
  }
  return out;
}

} // namespace tutti::runtime::config
