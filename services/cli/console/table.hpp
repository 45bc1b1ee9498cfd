#pragma once
#include "services/cli/console/console.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tutti::services::cli {

struct column {
  std::string title;
  bool right = false;    ///< numbers
  std::size_t least = 0; ///< columns to which it may be cut; 0: never
  int dispensable = 0;   ///< on a narrow screen the greatest goes first; 0: stays
};

struct cell {
  std::string text;
  tint colour = tint::none;

  cell(std::string t, tint c = tint::none) : text(std::move(t)), colour(c) {} // NOLINT: rows read better
  cell(const char* t) : text(t) {}                                            // NOLINT
};

/// Rows under titles, fitted to the screen: cells are cut, then columns are left out. Cells may hold
/// anything: they are made clean.
class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns.
  void add(std::vector<cell> row);
  std::size_t size() const noexcept { return rows_.size(); }

  /// Lines with their ends.
  std::string render(const screen& on, bool with_titles = true) const;

private:
  std::vector<std::size_t> fit(std::size_t room) const;

  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

} // namespace tutti::services::cli
