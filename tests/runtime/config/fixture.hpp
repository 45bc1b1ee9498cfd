#pragma once
#include "runtime/config/load.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <unistd.h>

namespace tutti::runtime::config {

/// Writes files into a folder of the test's own and loads them.
struct ConfigTest : testing::Test {
  std::filesystem::path folder;
  environment env;
  load_options options;

  void SetUp() override {
    auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder = std::filesystem::temp_directory_path()
             / ("tutti-config-" + std::to_string(::getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::filesystem::path write(const std::string& name, std::string_view content) {
    std::ofstream{folder / name, std::ios::binary} << content;
    return folder / name;
  }
  loaded load_text(std::string_view toml) { return load(write("cluster.toml", toml), env, options); }
  loaded load_env() { return load(std::nullopt, env, options); }

  /// "cluster.toml:12: http.threads: …", one a line, without the folder.
  std::string mistakes(const loaded& l) const {
    std::string out;
    for (auto& m : l.mistakes)
      out += to_string(m) + "\n";
    auto prefix = folder.string() + "/";
    for (auto at = out.find(prefix); at != std::string::npos; at = out.find(prefix))
      out.erase(at, prefix.size());
    return out;
  }

  static origin origin_of(const loaded& l, std::string_view key) {
    auto found = std::find_if(l.origins.begin(), l.origins.end(), [&](auto& o) { return o.key == key; });
    return found == l.origins.end() ? origin{"no such key", "", ""} : *found;
  }
};

} // namespace tutti::runtime::config
