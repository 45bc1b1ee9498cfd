#pragma once
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tutti::services::cli {

/// What `tutti node` does: `config` is the file, if one was named. Returns the exit code.
using run_node = std::function<int(const std::optional<std::string>& config, const std::string& name)>;

/// The whole command line, without the program's name. Returns the exit code: 0 done, 1 failed, 2 usage or
/// config. Must be called before any thread is started, as `node` is.
int run(const std::vector<std::string>& arguments, const run_node& node, std::FILE* out = stdout,
        std::FILE* err = stderr);

} // namespace tutti::services::cli
