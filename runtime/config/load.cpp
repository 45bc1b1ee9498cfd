#include "runtime/config/load.hpp"

#include "runtime/config/document.hpp"
#include "runtime/config/keys.hpp"
#include "runtime/config/loading.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace tutti::runtime::config {
namespace {

template <class Section>
const key<Section>* find_key(const std::vector<key<Section>>& keys, std::string_view path) {
  auto found = std::find_if(keys.begin(), keys.end(), [&](auto& k) { return k.path == path; });
  return found == keys.end() ? nullptr : &*found;
}

bool under(std::string_view path, std::string_view section) {
  return path.size() > section.size() && path.starts_with(section) && path[section.size()] == '.';
}

/// "; did you mean http.threads?" for a path that no key has, or "".
std::string hint(std::string_view path, const std::vector<std::string_view>& known) {
  auto near = nearest(path, known);
  if (near.empty()) { // the right key in the wrong section
    auto leaf = path.substr(path.rfind('.') + 1);
    auto same = [&](auto k) {
      return k.ends_with(leaf) && k.size() > leaf.size() && k[k.size() - leaf.size() - 1] == '.';
    };
    if (std::count_if(known.begin(), known.end(), same) == 1)
      near = *std::find_if(known.begin(), known.end(), same);
  }
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

template <class Section>
std::vector<std::string_view> paths_of(const std::vector<key<Section>>& keys) {
  std::vector<std::string_view> out;
  for (auto& k : keys)
    out.push_back(k.path);
  return out;
}

/// Sets one key of the file, or complains. `full` is its name for people.
template <class Section>
void apply(loading& to, const std::vector<key<Section>>& keys, Section& section, std::string_view path,
           const std::string& full, const document::item& item) {
  auto* row = find_key(keys, path);
  if (!row && std::any_of(keys.begin(), keys.end(), [&](auto& k) { return under(k.path, path); }))
    return to.complain(full, to.in_file(item.line), fmt::format("is a section: write [{}]", full));
  if (!row)
    return to.complain(full, to.in_file(item.line), "is not a known key" + hint(path, paths_of(keys)));
  if (auto text = row->assign(section, item.value); !text.empty())
    return to.complain(full, to.in_file(item.line), std::move(text));
  to.sources[full] = to.in_file(item.line);
}

/// Complains about sections that do not exist; returns them, so that their keys are not reported as well.
std::vector<std::string> unknown_sections(loading& to, const document& doc) {
  std::vector<std::string> unknown;
  std::vector<std::string_view> known{"queues", "node"};
  for (auto& k : setting_keys())
    for (auto dot = k.path.find('.'); dot != std::string_view::npos; dot = k.path.find('.', dot + 1))
      known.push_back(k.path.substr(0, dot));
  for (auto& section : doc.sections) {
    auto inside = [&](auto& outer) { return under(section.path, outer); };
    if (std::any_of(unknown.begin(), unknown.end(), inside))
      continue;
    if (section.path == "node")
      to.complain("node", to.in_file(section.line), "must be written as [[node]], with two brackets");
    else if (find_key(setting_keys(), section.path))
      to.complain(section.path, to.in_file(section.line), "must be a single value, is a section");
    else if (std::find(known.begin(), known.end(), section.path) != known.end()
             || under(section.path, "queues"))
      continue;
    else
      to.complain(section.path, to.in_file(section.line),
                  "is not a known section" + hint(section.path, known));
    unknown.push_back(section.path);
  }
  return unknown;
}

/// [queues.NAME]; a quoted name may contain dots, so the key is what follows the last one.
void apply_queue(loading& to, const document::item& item) {
  constexpr std::string_view prefix = "queues.";
  auto rest = std::string_view{item.path}.substr(prefix.size());
  auto dot = rest.rfind('.');
  if (dot == std::string_view::npos)
    return to.complain(item.path, to.in_file(item.line),
                       "must be a section: [queues.NAME] with concurrency, rate, burst");
  std::string name{rest.substr(0, dot)};
  if (auto wrong = check_name(name); !wrong.empty())
    return to.complain(item.path, to.in_file(item.line), "the queue's name " + wrong);
  apply(to, queue_keys(), to.out.settings.queues[name], rest.substr(dot + 1), item.path, item);
}

void apply_nodes(loading& to, const document& doc) {
  auto& nodes = to.out.settings.nodes;
  for (std::size_t i = 0; i < doc.nodes.size(); ++i) {
    auto& node = nodes.emplace_back();
    node.name.clear();
    // The name first: it is part of what the keys are called.
    auto nameless = to.node_key(i, "name");
    for (auto& item : doc.nodes[i].items)
      if (item.path == "name")
        apply(to, node_keys(), node, item.path, nameless, item);
    if (node.name.empty() && !to.wrong.contains(nameless))
      to.complain(nameless, to.in_file(doc.nodes[i].line), "is missing: every [[node]] needs a name");
    else if (!node.name.empty())
      to.sources[to.node_key(i, "name")] = to.source(nameless);
    for (auto& item : doc.nodes[i].items)
      if (item.path != "name")
        apply(to, node_keys(), node, item.path, to.node_key(i, item.path), item);
  }
}

void apply_file(loading& to, const document& doc) {
  if (doc.nodes.size() > 1) { // memory could not be shared between them
    to.out.settings.cluster.coordination = provider::redis;
    to.out.settings.queue.provider = provider::redis;
    to.out.settings.store.provider = store_provider::postgres;
  }
  auto unknown = unknown_sections(to, doc);
  for (auto& section : doc.sections)
    if (under(section.path, "queues") && check_name(section.path.substr(7)).empty())
      to.out.settings.queues[section.path.substr(7)];
  for (auto& item : doc.items) {
    auto inside = [&](auto& section) { return under(item.path, section); };
    if (std::any_of(unknown.begin(), unknown.end(), inside))
      continue;
    if (under(item.path, "queues"))
      apply_queue(to, item);
    else if (item.path == "node")
      to.complain("node", to.in_file(item.line), "must be written as [[node]] sections");
    else
      apply(to, setting_keys(), to.out.settings, item.path, item.path, item);
  }
  apply_nodes(to, doc);
}

std::string all_names(const loading& to) {
  std::string out;
  for (auto& node : to.out.settings.nodes)
    if (!node.name.empty())
      out += (out.empty() ? "" : ", ") + node.name;
  return out;
}

/// Which of the nodes this is; without any, the embedded one.
void choose_node(loading& to) {
  auto& nodes = to.out.settings.nodes;
  auto name = to.options.node;
  std::string where = "command line";
  if (auto found = to.env.find("TUTTI_NODE_NAME"); name.empty() && found != to.env.end()) {
    name = found->second;
    where = "environment TUTTI_NODE_NAME";
  }
  if (nodes.empty()) {
    nodes.emplace_back().port = 0; // nobody to talk to
    if (auto wrong = name.empty() ? "" : check_name(name); !wrong.empty())
      return to.complain("node.name", where, wrong);
    if (!name.empty()) {
      nodes[0].name = name;
      to.sources[to.node_key(0, "name")] = where;
    }
    to.own_is_known = true;
  } else if (!name.empty()) {
    auto found = std::find_if(nodes.begin(), nodes.end(), [&](auto& n) { return n.name == name; });
    if (found == nodes.end())
      return to.complain("node", where,
                         fmt::format("there is no node \"{}\"; {} has {}", name, to.file, all_names(to)));
    to.own = static_cast<std::size_t>(found - nodes.begin());
    to.own_is_known = true;
  } else if (nodes.size() == 1) {
    to.own_is_known = true;
  } else if (!to.options.any_node) {
    to.complain("node", to.file, fmt::format("has several nodes; choose one with --name: {}", all_names(to)));
  }
}

void list_origins(loading& to) {
  auto& all = to.out.origins;
  auto& s = to.out.settings;
  for (auto& row : setting_keys())
    all.push_back({std::string{row.path}, shown(row, s), to.source(std::string{row.path})});
  for (auto& [name, queue] : s.queues)
    for (auto& row : queue_keys()) {
      auto full = fmt::format("queues.{}.{}", name, row.path);
      all.push_back({full, shown(row, queue), to.source(full)});
    }
  for (std::size_t i = 0; i < s.nodes.size(); ++i)
    for (auto& row : node_keys()) {
      auto full = to.node_key(i, row.path);
      all.push_back({full, shown(row, s.nodes[i]), to.source(full)});
    }
}

/// By line of the file, then the file as a whole, then the rest in the order of discovery.
void sort_mistakes(loading& to) {
  auto line = [&](const mistake& m) {
    auto result = std::numeric_limits<std::size_t>::max();
    auto prefix = to.file + ':';
    if (m.where == to.file)
      return result - 1;
    if (!to.file.empty() && m.where.starts_with(prefix))
      std::from_chars(m.where.data() + prefix.size(), m.where.data() + m.where.size(), result);
    return result;
  };
  std::stable_sort(to.out.mistakes.begin(), to.out.mistakes.end(),
                   [&](auto& a, auto& b) { return line(a) < line(b); });
}

} // namespace

std::string to_string(const mistake& m) {
  return m.key.empty() ? fmt::format("{}: {}", m.where, m.text)
                       : fmt::format("{}: {}: {}", m.where, m.key, m.text);
}

loaded load(const std::optional<std::filesystem::path>& file, const environment& env,
            const load_options& options) {
  loading to{env, options, file ? file->string() : std::string{}, {}};
  to.out.settings.log.format = options.terminal ? log_format::console : log_format::json;
  bool readable = true;
  if (file) {
    auto doc = read_document(*file);
    readable = doc.error.empty();
    if (readable)
      apply_file(to, doc);
    else if (doc.error_line == 0)
      to.complain("", to.file, doc.error);
    else
      to.complain("", fmt::format("{}:{}:{}", to.file, doc.error_line, doc.error_column), doc.error);
  }
  if (readable)
    choose_node(to);
  else
    to.out.settings.nodes.emplace_back();
  apply_environment(to);
  if (readable) // else every check would only repeat that the file is missing
    check_together(to);
  to.out.node = to.out.settings.nodes[to.own];
  list_origins(to);
  sort_mistakes(to);
  return std::move(to.out);
}

std::vector<std::string> secret_values(const settings& s) {
  std::vector<std::string> out;
  for (auto& row : setting_keys())
    for (auto& text : row.hide == secrecy::open ? std::vector<std::string>{} : row.texts(s)) {
      if (row.hide == secrecy::url)
        url_secrets(text, out);
      else if (row.hide == secrecy::lavalink)
        lavalink_secrets(text, out);
      else if (!text.empty())
        out.push_back(text);
    }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

} // namespace tutti::runtime::config
