#pragma once
#include "runtime/config/values.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

/// A TOML file as a flat list of keys. Hides toml++ from the rest of the folder. Internal to this folder.
namespace tutti::runtime::config {

struct document {
  struct item {
    std::string path; ///< "http.threads"; of a node, relative: "port"
    raw value;
    std::size_t line = 0;
  };
  struct section { ///< a table, also an empty one
    std::string path;
    std::size_t line = 0;
  };
  struct node {
    std::vector<item> items;
    std::size_t line = 0;
  };

  std::vector<item> items; ///< of all sections but [[node]]
  std::vector<section> sections;
  std::vector<node> nodes;
  std::string error;          ///< why it could not be read; then all of the above is empty
  std::size_t error_line = 0; ///< 0: the file itself could not be read
  std::size_t error_column = 0;
};

document read_document(const std::filesystem::path& file);

/// The bytes of a small file (up to 1 MiB), or why not in `error`.
std::string read_small_file(const std::filesystem::path& file, std::string& error);

} // namespace tutti::runtime::config
