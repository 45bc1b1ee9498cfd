#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::runtime::jobs {

/// A regular expression of JSON Schema's `pattern`: the part of ECMA-262 that a finite automaton can do.
/// Matching takes time linear in the text, allocates nothing and is thread-safe; RapidJSON's own regex keeps
/// its state in itself, stops at a NUL, and overflows the stack on (a*)*.
///
/// Literals, ".", classes, \d \w \s \D \W \S, \t \n \r \f \v \uXXXX, groups, "|", "*", "+", "?", "{n}",
/// "{n,}",
/// "{n,m}"; "^" only as the first and "$" only as the last character. All else is refused: look-around,
/// back-references, \b, lazy quantifiers, flags.
class json_pattern {
public:
  /// The pattern, or what is wrong with it.
  static std::variant<json_pattern, std::string> compile(std::string_view expression);

  /// Whether it occurs in `text`, which must be valid UTF-8.
  bool occurs_in(std::string_view text) const noexcept;

  static constexpr std::size_t max_positions =
      512; ///< characters of the pattern after its repeats are written out

private:
  friend class pattern_compiler;
  static constexpr std::size_t max_words = max_positions / 64;
  using set = std::array<std::uint64_t, max_words>;

  struct char_class {
    std::array<std::uint64_t, 2> ascii{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges; ///< above ASCII
  };

  const std::uint64_t* allowed(std::uint32_t c, set& scratch) const noexcept;

  // Glushkov's automaton: a state is the position in the pattern that matched last.
  std::size_t words_ = 0;
  bool nullable_ = false, anchored_begin_ = false, anchored_end_ = false;
  std::vector<char_class> classes_; ///< by position
  std::vector<std::uint64_t> first_, last_;
  std::vector<std::uint64_t> follow_;   ///< `words_` for each position
  std::vector<std::uint64_t> by_ascii_; ///< `words_` for each character: the positions that it matches
};

} // namespace tutti::runtime::jobs
