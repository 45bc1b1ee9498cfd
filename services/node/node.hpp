#pragma once
#include "runtime/config/load.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace tutti::services::node {

/// One running node: its actors under one supervision tree, and its HTTP server.
class node {
public:
  /// `failed` is called, from any thread, when the top supervisor has given up.
  node(const runtime::config::loaded& config, std::function<void()> failed);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Returns when the node is ready. Throws std::system_error or std::invalid_argument when the HTTP address
  /// cannot be used, std::runtime_error when its actors do not start.
  void start();
  /// Bound by start().
  std::uint16_t http_port() const noexcept;

  struct report {
    std::uint64_t completed = 0;   ///< attempts that ended while draining
    std::uint64_t handed_back = 0; ///< attempts that did not end in time
    std::uint64_t unfinished = 0;  ///< jobs that end with this process: those of the memory provider
    bool in_time = true;
  };
  /// Not ready at once; no new jobs; running attempts end or are handed back; then everything stops, children
  /// before parents. Returns within the deadline.
  report stop(std::chrono::milliseconds deadline);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace tutti::services::node
