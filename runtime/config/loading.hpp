#pragma once
#include "runtime/config/load.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

/// One load() under way; what its steps share. Internal to this folder.
namespace tutti::runtime::config {

struct loading {
  const environment& env;
  const load_options& options;
  std::string file; ///< as the user wrote it; empty: none
  loaded out;
  std::size_t own = 0;       ///< of out.settings.nodes: this node
  bool own_is_known = false; ///< false: the checks go on, but variables about the node have no target
  std::map<std::string, std::string> sources; ///< where each key that was set comes from
  std::set<std::string> wrong; ///< keys that have a mistake, so that no second one follows from it

  void complain(const std::string& key, std::string where, std::string text) {
    wrong.insert(key);
    out.mistakes.push_back({key, std::move(where), std::move(text)});
  }
  std::string in_file(std::size_t line) const { return file + ':' + std::to_string(line); }
  std::string source(const std::string& key) const {
    auto found = sources.find(key);
    return found == sources.end() ? "default" : found->second;
  }
  /// Where to look for a mistake about a key that may not be set.
  std::string place(const std::string& key) const {
    auto found = sources.find(key);
    return found != sources.end() ? found->second : file.empty() ? "default" : file;
  }
  /// "node.a.http"; without a name "node[2].http".
  std::string node_key(std::size_t index, std::string_view path) const {
    auto& name = out.settings.nodes[index].name;
    auto id = name.empty() ? '[' + std::to_string(index + 1) + ']' : '.' + name;
    return "node" + id + '.' + std::string{path};
  }
};

/// The environment over what the file said; then complains about TUTTI_* variables that mean nothing.
void apply_environment(loading& to);

/// Everything that concerns more than one value.
void check_together(loading& to);

} // namespace tutti::runtime::config
