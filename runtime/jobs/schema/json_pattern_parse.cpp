#include "runtime/jobs/schema/json_pattern_parse.hpp"

#include <algorithm>
#include <optional>

namespace tutti::runtime::jobs {
namespace {

constexpr std::uint32_t top_code_point = 0x10FFFF;

const code_ranges& escape_class(char letter) {
  static const code_ranges digits{{'0', '9'}};
  static const code_ranges word{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  static const code_ranges space{{9, 13},          {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                                 {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                 {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return letter == 'd' ? digits : letter == 'w' ? word : space;
}

void add_negated(code_ranges& out, code_ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::uint32_t next = 0;
  for (auto& [low, high] : ranges) {
    if (low > next)
      out.emplace_back(next, low - 1);
    next = std::max(next, high + 1);
  }
  if (next <= top_code_point)
    out.emplace_back(next, top_code_point);
}

/// Recursive descent over the expression; the first mistake ends it.
class pattern_parser {
public:
  explicit pattern_parser(std::string_view rest) noexcept : rest_(rest) {}

  std::optional<pattern_node> parse() {
    auto tree = either(0);
    if (error_.empty() && !rest_.empty())
      fail("a \")\" without its \"(\"");
    if (!error_.empty())
      return std::nullopt;
    return tree;
  }
  const std::string& error() const noexcept { return error_; }

private:
  void fail(std::string why) {
    if (error_.empty())
      error_ = std::move(why);
    rest_ = {}; // ends every loop
  }
  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  pattern_node either(int depth) {
    pattern_node out{.what = pattern_node::shape::either};
    do
      out.parts.push_back(concat(depth));
    while (take('|'));
    return out.parts.size() == 1 ? std::move(out.parts.front()) : out;
  }

  pattern_node concat(int depth) {
    pattern_node out{.what = pattern_node::shape::concat};
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')')
      out.parts.push_back(repeated(depth));
    return out;
  }

  pattern_node repeated(int depth) {
    auto one = atom(depth);
    unsigned low = 1, high = 1;
    if (take('*')) {
      low = 0, high = pattern_node::no_limit;
    } else if (take('+')) {
      high = pattern_node::no_limit;
    } else if (take('?')) {
      low = 0;
    } else if (take('{')) {
      low = number();
      high = !take(',') ? low : !rest_.empty() && rest_.front() == '}' ? pattern_node::no_limit : number();
      if (!take('}') || high < low)
        fail("a quantifier that is not {n}, {n,} or {n,m} with n <= m");
    } else {
      return one;
    }
    if (!rest_.empty() && std::string_view{"*+?{"}.find(rest_.front()) != std::string_view::npos)
      fail("a quantifier after a quantifier (lazy and possessive ones are not supported)");
    pattern_node out{.what = pattern_node::shape::repeat};
    out.low = low;
    out.high = high;
    out.parts.push_back(std::move(one));
    return out;
  }

  unsigned number() {
    unsigned value = 0, digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1), ++digits)
      value = std::min(value * 10 + static_cast<unsigned>(rest_.front() - '0'), 100'000u);
    if (digits == 0)
      fail("a \"{\" that begins no quantifier (write \\{ for the character)");
    return value;
  }

  pattern_node atom(int depth) {
    pattern_node out{.what = pattern_node::shape::leaf};
    const auto c = take_code_point(rest_);
    switch (c) {
    case '(':
      return group(depth);
    case '.':
      add_negated(out.ranges, {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}});
      break;
    case '[':
      brackets(out.ranges);
      break;
    case '\\':
      if (auto literal = escape(out.ranges))
        out.ranges.emplace_back(*literal, *literal);
      break;
    case '^':
    case '$':
      fail("a \"^\" that is not the first or a \"$\" that is not the last character");
      break;
    case '*':
    case '+':
    case '?':
    case '{':
      fail("a quantifier with nothing before it");
      break;
    case '}':
    case ']':
      fail("a bracket that closes nothing (write a \\ before it)");
      break;
    default:
      out.ranges.emplace_back(c, c);
    }
    return out;
  }

  pattern_node group(int depth) {
    if (depth == 32)
      fail("more than 32 groups inside one another");
    if (take('?') && !take(':'))
      fail("a group that begins with \"(?\" and is not \"(?:\"; look-around and names are not supported");
    auto out = either(depth + 1);
    if (!take(')'))
      fail("a \"(\" without its \")\"");
    return out;
  }

  /// After a backslash: a single character, or nothing when it was a class, which is added to `out`.
  std::optional<std::uint32_t> escape(code_ranges& out) {
    if (rest_.empty()) {
      fail("a \\ with nothing after it");
      return std::nullopt;
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
    case 'd':
    case 'w':
    case 's':
      out.insert(out.end(), escape_class(c).begin(), escape_class(c).end());
      return std::nullopt;
    case 'D':
    case 'W':
    case 'S':
      add_negated(out, escape_class(static_cast<char>(c | 0x20)));
      return std::nullopt;
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'u':
      return hex4();
    default:
      if (std::string_view{"^$\\.*+?()[]{}|/-"}.find(c) != std::string_view::npos)
        return static_cast<std::uint32_t>(c);
      fail(std::string{"the escape \\"} + c + ", which is not supported");
      return std::nullopt;
    }
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = rest_.empty() ? '\0' : rest_.front();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<std::uint32_t>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        value = value * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      else {
        fail("a \\u without four hexadecimal digits");
        return std::nullopt;
      }
      rest_.remove_prefix(1);
    }
    if (value >= 0xD800 && value <= 0xDFFF)
      fail("a surrogate (write the character itself)");
    return value;
  }

  void brackets(code_ranges& out) {
    const bool negate = take('^');
    code_ranges found;
    while (!rest_.empty() && rest_.front() != ']') {
      auto low = class_character(found);
      if (!(rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']')) {
        if (low)
          found.emplace_back(*low, *low);
        continue;
      }
      take('-');
      auto high = class_character(found);
      if (!low || !high || *high < *low)
        return fail("a range in [] that runs backwards or ends in a class");
      found.emplace_back(*low, *high);
    }
    if (!take(']') || found.empty())
      return fail("a [] that is empty or not closed");
    if (negate)
      add_negated(out, std::move(found));
    else
      out = std::move(found);
  }

  std::optional<std::uint32_t> class_character(code_ranges& out) {
    const auto c = take_code_point(rest_);
    return c == '\\' ? escape(out) : std::optional{c};
  }

  std::string_view rest_;
  std::string error_;
};

} // namespace

/// Takes a code point off valid UTF-8.
std::uint32_t take_code_point(std::string_view& text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t c = size == 1 ? lead : lead & (0xFFu >> (size + 1));
  for (std::size_t i = 1; i < size && i < text.size(); ++i)
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(std::min(size, text.size()));
  return c;
}

std::variant<pattern_node, std::string> parse_pattern(std::string_view expression) {
  pattern_parser parser{expression};
  if (auto tree = parser.parse())
    return std::move(*tree);
  return parser.error();
}

} // namespace tutti::runtime::jobs
