#pragma once
#include "services/cli/console/console.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::cli {

/// "████▌     ": `share` (0 to 1) of so many columns.
std::string bar(double share, std::size_t columns);

/// Lines that are redrawn in place; where there is no terminal, one plain line a second instead.
class live_area {
public:
  explicit live_area(std::FILE* to) : to_(to) {}
  ~live_area() { leave(); }
  live_area(const live_area&) = delete;
  live_area& operator=(const live_area&) = delete;

  /// True when show() would draw something: then it is worth asking for news.
  bool due() const;
  /// `lines` for a terminal, `plain` otherwise.
  void show(const std::vector<std::string>& lines, std::string_view plain);
  /// As show(), due or not: the last state stays on the screen.
  void finish(const std::vector<std::string>& lines, std::string_view plain);
  /// What is shown stays; the next lines come below it.
  void leave() noexcept { drawn_ = 0; }

private:
  void draw(const std::vector<std::string>& lines, std::string_view plain);

  std::FILE* to_;
  std::size_t drawn_ = 0; ///< lines on the screen
  std::string last_plain_;
  std::chrono::steady_clock::time_point next_{};
};

} // namespace tutti::services::cli
