#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// For json_pattern's .cpp files.
namespace tutti::runtime::jobs {

/// Code points from first to second.
using code_ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// A pattern as a tree.
struct pattern_node {
  static constexpr unsigned no_limit = ~0u;

  enum class shape { empty, leaf, concat, either, repeat } what = shape::empty;
  code_ranges ranges; ///< of a leaf
  std::vector<pattern_node> parts;
  unsigned low = 0, high = 0; ///< of a repeat; high may be no_limit
};

/// The tree of an expression without its anchors, or what is wrong with it: "a ( without its )".
std::variant<pattern_node, std::string> parse_pattern(std::string_view expression);

/// Takes a code point off valid UTF-8 that is not empty.
std::uint32_t take_code_point(std::string_view& text) noexcept;

} // namespace tutti::runtime::jobs
