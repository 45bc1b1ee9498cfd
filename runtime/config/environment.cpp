#include "runtime/config/document.hpp"
#include "runtime/config/keys.hpp"
#include "runtime/config/loading.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

namespace tutti::runtime::config {
namespace {

constexpr std::string_view file_suffix = "_FILE";
constexpr std::string_view own_prefix = "TUTTI_";

struct variable {
  std::string value;
  std::string source;
};

std::string_view get(const environment& env, const std::string& name) {
  auto found = env.find(name);
  return found == env.end() ? std::string_view{} : found->second;
}

/// NAME, or the content of the file that NAME_FILE names. `key` is what a mistake is about.
std::optional<variable> read_variable(loading& to, const std::string& name, const std::string& key) {
  auto by_file = name + std::string{file_suffix};
  auto value = get(to.env, name);
  auto path = get(to.env, by_file);
  if (path.empty())
    return value.empty() ? std::nullopt : std::optional{variable{std::string{value}, "environment " + name}};
  if (!value.empty()) {
    to.complain(key, "environment " + name,
                fmt::format("is given twice, as {} and as {}; keep one", name, by_file));
    return std::nullopt;
  }
  std::string error;
  auto content = read_small_file(path, error);
  if (!error.empty()) {
    to.complain(key, "environment " + by_file, fmt::format("{} cannot be read: {}", path, error));
    return std::nullopt;
  }
  if (content.ends_with('\n')) // editors and echo add one
    content.pop_back();
  return variable{std::move(content), fmt::format("file {} ({})", path, by_file)};
}

template <class Section>
void assign(loading& to, const key<Section>& row, Section& section, const std::string& full, raw value,
            const std::string& source) {
  value.from_text = true;
  if (auto text = row.assign(section, value); text.empty())
    to.sources[full] = source;
  else
    to.complain(full, source, std::move(text));
}

template <class Section>
void assign_from(loading& to, const key<Section>& row, Section& section, const std::string& full,
                 const std::string& name) {
  auto found = read_variable(to, name, full);
  if (!found)
    return;
  // The unit of these is in their name.
  bool digits =
      std::all_of(found->value.begin(), found->value.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (name.ends_with("_MS") && digits && !found->value.empty())
    found->value += "ms";
  assign(to, row, section, full, raw{std::move(found->value)}, found->source);
}

/// DISCORD_WORKER_TOKEN_1, _2 …: in the order of their numbers, gaps allowed.
void assign_numbered(loading& to, const key<settings>& row) {
  std::map<unsigned, std::string> names;
  for (auto it = to.env.lower_bound(row.env); it != to.env.end() && it->first.starts_with(row.env); ++it) {
    auto tail = std::string_view{it->first}.substr(row.env.size());
    if (tail.ends_with(file_suffix))
      tail.remove_suffix(file_suffix.size());
    unsigned number = 0;
    auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), number);
    if (error == std::errc{} && end == tail.data() + tail.size())
      names[number] = std::string{row.env} + std::string{tail};
  }
  std::vector<raw> values;
  std::string source;
  std::string full{row.path};
  for (auto& [number, name] : names)
    if (auto found = read_variable(to, name, full)) {
      values.push_back({std::move(found->value), true});
      source += (source.empty() ? "" : ", ") + found->source;
    }
  if (!values.empty())
    assign(to, row, to.out.settings, full, raw{std::move(values)}, source);
}

bool truthy(std::string_view text) {
  std::string word;
  for (char c : text)
    word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return !word.empty() && word != "0" && word != "false" && word != "no" && word != "off";
}

std::string variable_of(const key<settings>& row) {
  return row.env.empty() ? tutti_variable(row.path) : std::string{row.env};
}

void assign_settings(loading& to) {
  for (auto& row : setting_keys()) {
    std::string full{row.path};
    if (row.env.ends_with('_'))
      assign_numbered(to, row);
    else if (row.path == "otlp.endpoint" && !get(to.env, "OTEL_EXPORTER_OTLP_ENDPOINT").empty())
      assign_from(to, row, to.out.settings, full, "OTEL_EXPORTER_OTLP_ENDPOINT"); // the standard's name wins
    else
      assign_from(to, row, to.out.settings, full, variable_of(row));
    bool level_given = !get(to.env, "LOG_LEVEL").empty() || !get(to.env, "LOG_LEVEL_FILE").empty();
    if (row.path == "log.level" && !level_given)
      if (auto found = read_variable(to, "DEBUG", full); found && truthy(found->value))
        assign(to, row, to.out.settings, full, raw{std::string{"debug"}}, found->source);
  }
}

/// TUTTI_NODE_HOST …, and PORT, are about this node.
void assign_node(loading& to) {
  if (!to.own_is_known)
    return;
  auto& node = to.out.settings.nodes[to.own];
  for (auto& row : node_keys())
    if (row.path != "name") // has chosen the node already
      assign_from(to, row, node, to.node_key(to.own, row.path),
                  tutti_variable("node." + std::string{row.path}));
  auto http = to.node_key(to.own, "http");
  if (auto port = read_variable(to, "PORT", http)) {
    auto parsed = parse_endpoint("h:" + port->value);
    if (!parsed)
      return to.complain(http, port->source,
                         fmt::format("must be a port from 0 to 65535, is \"{}\"", port->value));
    node.http.port = parsed->port;
    to.sources[http] = port->source;
  }
}

/// TUTTI_QUEUES_NAME_RATE, with or without _FILE: nothing when `name` is not of that form.
bool assign_queue(loading& to, std::string name) {
  constexpr std::string_view prefix = "TUTTI_QUEUES_";
  if (name.ends_with(file_suffix))
    name.resize(name.size() - file_suffix.size());
  for (auto& row : queue_keys()) {
    auto suffix = tutti_variable(row.path).substr(own_prefix.size() - 1); // "_RATE"
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size())
      continue;
    auto part = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    auto& queues = to.out.settings.queues;
    // The file's spelling if it has that queue: PLAYER_COMMANDS may be player-commands there.
    auto found = std::find_if(queues.begin(), queues.end(), [&](auto& q) {
      return tutti_variable(q.first).substr(own_prefix.size()) == part;
    });
    std::string queue = found != queues.end() ? found->first : part;
    if (found == queues.end())
      for (auto& c : queue)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto full = fmt::format("queues.{}.{}", queue, row.path);
    if (auto wrong = check_name(queue); !wrong.empty())
      to.complain(full, "environment " + name, "the queue's name " + wrong);
    else if (!to.wrong.contains(full))
      assign_from(to, row, queues[queue], full, name);
    return true;
  }
  return false;
}

void check_own_names(loading& to) {
  std::vector<std::string> known = to.options.foreign_variables;
  std::map<std::string, std::string> renamed; // keys whose variable has another name
  auto without_file = known.size() + 1;       // those before cannot be given as NAME_FILE
  known.emplace_back("TUTTI_NODE_NAME");
  for (auto& row : setting_keys()) {
    known.push_back(variable_of(row));
    if (!row.env.empty())
      renamed[tutti_variable(row.path)] =
          row.env.ends_with('_') ? std::string{row.env} + "1" : std::string{row.env};
  }
  for (auto& row : node_keys())
    if (row.path != "name")
      known.push_back(tutti_variable("node." + std::string{row.path}));
  std::vector<std::string_view> words{known.begin(), known.end()};
  std::erase_if(words, [](auto w) { return !w.starts_with(own_prefix); });

  for (auto it = to.env.lower_bound(own_prefix); it != to.env.end() && it->first.starts_with(own_prefix);
       ++it) {
    std::string_view name = it->first;
    auto is_known = [&](std::string_view n, std::size_t from) {
      return std::find(known.begin() + static_cast<std::ptrdiff_t>(from), known.end(), n) != known.end();
    };
    auto plain = name.substr(0, name.size() - (name.ends_with(file_suffix) ? file_suffix.size() : 0));
    if (is_known(name, 0) || is_known(plain, without_file) || assign_queue(to, it->first))
      continue;
    std::string help;
    if (auto other = renamed.find(it->first); other != renamed.end())
      help = fmt::format("; use {}", other->second);
    else if (auto near = nearest(name, words); !near.empty())
      help = fmt::format("; did you mean {}?", near);
    to.complain("", "environment " + it->first, "is not a known variable" + help);
  }
}

} // namespace

environment process_environment() {
  environment out;
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    if (auto sign = text.find('='); sign != std::string_view::npos)
      out.emplace(text.substr(0, sign), text.substr(sign + 1));
  }
  return out;
}

void apply_environment(loading& to) {
  assign_settings(to);
  assign_node(to);
  check_own_names(to);
}

} // namespace tutti::runtime::config
