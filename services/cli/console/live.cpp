#include "services/cli/console/live.hpp"

#include "services/cli/console/text.hpp"

#include <algorithm>
#include <array>

namespace tutti::services::cli {
namespace {

constexpr std::chrono::milliseconds redraw{100};
constexpr std::chrono::milliseconds plain_pause{1000};

} // namespace

std::string bar(double share, std::size_t columns) {
  constexpr std::array<std::string_view, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  auto eighths = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns) * 8);
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i)
    out += "█";
  auto used = eighths / 8;
  if (auto rest = eighths % 8; rest > 0 && used < columns) {
    out += parts[rest];
    ++used;
  }
  out.append(columns - used, ' ');
  return out;
}

bool live_area::due() const {
  return std::chrono::steady_clock::now() >= next_;
}

void live_area::show(const std::vector<std::string>& lines, std::string_view plain) {
  if (due())
    draw(lines, plain);
}

void live_area::finish(const std::vector<std::string>& lines, std::string_view plain) {
  draw(lines, plain);
  leave();
}

void live_area::draw(const std::vector<std::string>& lines, std::string_view plain) {
  auto on = look_at(to_); // anew each time: windows change their size
  next_ = std::chrono::steady_clock::now() + (on.terminal ? redraw : plain_pause);
  std::string out;
  if (on.terminal) {
    if (drawn_ > 0)
      out += "\x1b[" + std::to_string(drawn_) + "A";
    for (auto& line : lines) // one column is kept free: some terminals wrap when the last one is written
      out += "\r\x1b[K" + cut(clean(line), on.columns - 1) + "\n";
    drawn_ = lines.size();
  } else if (plain != last_plain_) {
    out += clean(plain) + "\n";
    last_plain_ = plain;
  }
  std::fwrite(out.data(), 1, out.size(), to_);
  std::fflush(to_);
}

} // namespace tutti::services::cli
