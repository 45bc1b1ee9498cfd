#include "services/cli/console/table.hpp"

#include "services/cli/console/text.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tutti::services::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t gone = static_cast<std::size_t>(-1);

std::size_t total(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0, shown = 0;
  for (auto w : widths)
    if (w != gone) {
      sum += w;
      ++shown;
    }
  return sum + (shown > 0 ? gap * (shown - 1) : 0);
}

} // namespace

void table::add(std::vector<cell> row) {
  assert(row.size() == columns_.size());
  for (auto& c : row)
    c.text = clean(c.text);
  rows_.push_back(std::move(row));
}

/// The width of each column, `gone` for those left out.
std::vector<std::size_t> table::fit(std::size_t room) const {
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = display_width(columns_[i].title);
    for (auto& row : rows_)
      width = std::max(width, display_width(row[i].text));
    wanted.push_back(width);
  }
  if (room == 0)
    return wanted;
  for (auto out = wanted;;) {
    while (total(out) > room) { // from the widest, one by one, so that all are cut to about the same
      std::size_t widest = gone;
      for (std::size_t i = 0; i < out.size(); ++i) {
        auto least = std::max(columns_[i].least, display_width(columns_[i].title));
        if (out[i] != gone && columns_[i].least > 0 && out[i] > least
            && (widest == gone || out[i] > out[widest]))
          widest = i;
      }
      if (widest == gone)
        break;
      out[widest] = std::min(out[widest] - 1, room);
    }
    if (total(out) <= room)
      return out;
    std::size_t victim = gone;
    for (std::size_t i = 0; i < out.size(); ++i)
      if (out[i] != gone && columns_[i].dispensable > 0
          && (victim == gone || columns_[i].dispensable > columns_[victim].dispensable))
        victim = i;
    if (victim == gone)
      return out; // wider than the screen: nothing more can go
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = out[i] == gone || i == victim ? gone : wanted[i];
  }
}

std::string table::render(const screen& on, bool with_titles) const {
  auto widths = fit(on.columns);
  auto last = widths.size();
  while (last > 0 && widths[last - 1] == gone)
    --last;
  std::string out;
  auto write = [&](std::size_t i, std::string_view text, tint colour) {
    if (widths[i] == gone)
      return;
    auto shown = cut(text, widths[i]);
    auto width = display_width(shown);
    std::string padding(widths[i] - std::min(width, widths[i]), ' ');
    bool ends = i + 1 == last;
    if (columns_[i].right)
      out += padding;
    out += tinted(shown, colour, on);
    if (!columns_[i].right && !ends)
      out += padding;
    out += ends ? "\n" : std::string(gap, ' ');
  };
  for (std::size_t i = 0; with_titles && i < columns_.size(); ++i)
    write(i, columns_[i].title, tint::bold);
  for (auto& row : rows_)
    for (std::size_t i = 0; i < columns_.size(); ++i)
      write(i, row[i].text, row[i].colour);
  return out;
}

} // namespace tutti::services::cli
