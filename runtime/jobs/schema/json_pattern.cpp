#include "runtime/jobs/schema/json_pattern.hpp"

#include "runtime/jobs/schema/json_pattern_parse.hpp"

#include <algorithm>
#include <bit>

namespace tutti::runtime::jobs {

/// Writes the tree out as positions (Glushkov's construction).
class pattern_compiler {
public:
  explicit pattern_compiler(json_pattern& out) noexcept : out_(out) {}

  bool run(const pattern_node& tree) {
    auto whole = emit(tree);
    if (overflow_)
      return false;
    const auto words = out_.words_ = (out_.classes_.size() + 63) / 64;
    out_.nullable_ = whole.nullable;
    out_.first_ = row(whole.first);
    out_.last_ = row(whole.last);
    for (auto& list : follow_) {
      auto bits = row(list);
      out_.follow_.insert(out_.follow_.end(), bits.begin(), bits.end());
    }
    out_.by_ascii_.assign(words * 128, 0);
    for (std::size_t c = 0; c < 128; ++c)
      for (std::size_t p = 0; p < out_.classes_.size(); ++p)
        if (out_.classes_[p].ascii[c / 64] >> c % 64 & 1)
          out_.by_ascii_[c * words + p / 64] |= std::uint64_t{1} << p % 64;
    return true;
  }

private:
  using positions = std::vector<std::uint16_t>;
  struct fragment {
    bool nullable = true;
    positions first, last;
  };

  std::vector<std::uint64_t> row(const positions& list) const {
    std::vector<std::uint64_t> bits(out_.words_);
    for (auto p : list)
      bits[p / 64] |= std::uint64_t{1} << p % 64;
    return bits;
  }

  static void append(positions& to, const positions& from) { to.insert(to.end(), from.begin(), from.end()); }

  fragment join(fragment a, const fragment& b) {
    for (auto p : a.last)
      append(follow_[p], b.first);
    if (a.nullable)
      append(a.first, b.first);
    a.last = b.nullable ? (append(a.last, b.last), std::move(a.last)) : b.last;
    a.nullable = a.nullable && b.nullable;
    return a;
  }

  fragment leaf(const code_ranges& ranges) {
    if (out_.classes_.size() == json_pattern::max_positions) {
      overflow_ = true;
      return {};
    }
    auto& what = out_.classes_.emplace_back();
    follow_.emplace_back();
    for (auto& [low, high] : ranges) {
      for (auto c = low; c <= high && c < 128; ++c)
        what.ascii[c / 64] |= std::uint64_t{1} << c % 64;
      if (high >= 128)
        what.ranges.emplace_back(std::max(low, 128u), high);
    }
    const auto p = static_cast<std::uint16_t>(out_.classes_.size() - 1);
    return {false, {p}, {p}};
  }

  fragment repeat(const pattern_node& node) {
    auto& one = node.parts.front();
    fragment out;
    for (unsigned i = 0; i < node.low && !overflow_; ++i) {
      auto part = emit(one);
      if (i + 1 == node.low && node.high == pattern_node::no_limit)
        loop(part);
      out = join(std::move(out), part);
    }
    fragment tail;
    if (node.high == pattern_node::no_limit && node.low == 0) {
      tail = emit(one);
      loop(tail);
      tail.nullable = true;
    } else if (node.high != pattern_node::no_limit) {
      for (unsigned i = node.low; i < node.high && !overflow_; ++i) { // x(x(x)?)?: few successors each
        tail = join(emit(one), tail);
        tail.nullable = true;
      }
    }
    return join(std::move(out), tail);
  }

  void loop(const fragment& part) {
    for (auto p : part.last)
      append(follow_[p], part.first);
  }

  fragment emit(const pattern_node& node) {
    fragment out;
    if (overflow_)
      return out;
    switch (node.what) {
    case pattern_node::shape::empty:
      break;
    case pattern_node::shape::leaf:
      return leaf(node.ranges);
    case pattern_node::shape::concat:
      for (auto& part : node.parts)
        out = join(std::move(out), emit(part));
      break;
    case pattern_node::shape::either:
      out.nullable = false;
      for (auto& part : node.parts) {
        auto next = emit(part);
        out.nullable = out.nullable || next.nullable;
        append(out.first, next.first);
        append(out.last, next.last);
      }
      break;
    case pattern_node::shape::repeat:
      return repeat(node);
    }
    return out;
  }

  json_pattern& out_;
  std::vector<positions> follow_;
  bool overflow_ = false;
};

std::variant<json_pattern, std::string> json_pattern::compile(std::string_view expression) {
  if (expression.size() > 4096)
    return "longer than 4096 bytes";
  json_pattern out;
  auto body = expression;
  out.anchored_begin_ = body.starts_with('^');
  body.remove_prefix(out.anchored_begin_);
  std::size_t backslashes = 0;
  while (backslashes + 1 < body.size() && body[body.size() - 2 - backslashes] == '\\')
    ++backslashes;
  out.anchored_end_ = body.ends_with('$') && backslashes % 2 == 0;
  body.remove_suffix(out.anchored_end_);
  auto parsed = parse_pattern(body);
  if (auto* why = std::get_if<std::string>(&parsed))
    return "has " + *why;
  auto* tree = std::get_if<pattern_node>(&parsed);
  if (tree->what == pattern_node::shape::either && (out.anchored_begin_ || out.anchored_end_))
    return "has \"^\" or \"$\" beside alternatives: put those in parentheses, ^(a|b)$";
  if (!pattern_compiler{out}.run(*tree))
    return "is too large: over " + std::to_string(max_positions) + " characters with its repeats written out";
  return out;
}

const std::uint64_t* json_pattern::allowed(std::uint32_t c, set& scratch) const noexcept {
  if (c < 128)
    return by_ascii_.data() + c * words_;
  scratch.fill(0);
  for (std::size_t p = 0; p < classes_.size(); ++p)
    for (auto& [low, high] : classes_[p].ranges)
      if (c >= low && c <= high) {
        scratch[p / 64] |= std::uint64_t{1} << p % 64;
        break;
      }
  return scratch.data();
}

bool json_pattern::occurs_in(std::string_view text) const noexcept {
  if (nullable_ && (!anchored_begin_ || !anchored_end_ || text.empty()))
    return true;
  set now{}, next{}, scratch;
  for (bool at_begin = true; !text.empty(); at_begin = false) {
    const auto* match = allowed(take_code_point(text), scratch);
    for (std::size_t w = 0; w < words_; ++w)
      next[w] = at_begin || !anchored_begin_ ? first_[w] : 0;
    for (std::size_t w = 0; w < words_; ++w)
      for (auto bits = now[w]; bits; bits &= bits - 1) {
        const auto* row =
            follow_.data() + (w * 64 + static_cast<std::size_t>(std::countr_zero(bits))) * words_;
        for (std::size_t v = 0; v < words_; ++v)
          next[v] |= row[v];
      }
    bool alive = false, done = false;
    for (std::size_t w = 0; w < words_; ++w) {
      next[w] &= match[w];
      alive = alive || next[w];
      done = done || (next[w] & last_[w]);
    }
    if (done && (!anchored_end_ || text.empty()))
      return true;
    if (!alive && anchored_begin_)
      return false;
    now = next;
  }
  return false;
}

} // namespace tutti::runtime::jobs
