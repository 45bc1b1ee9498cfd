#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace tutti::services::cli {

enum class tint : std::uint8_t { none, bold, dim, red, green, yellow, cyan };

/// What a stream is shown on.
struct screen {
  bool terminal = false;
  bool colours = false;    ///< a terminal, unless NO_COLOR is set or TERM is "dumb"
  std::size_t columns = 0; ///< 0: no bound, as for files and pipes
};
screen look_at(std::FILE* stream);

/// `text` in a colour, or as it is.
std::string tinted(std::string_view text, tint how, const screen& on);

/// Where a command writes: answers to `out`, all else to `err`.
class console {
public:
  console(std::FILE* out, std::FILE* err);

  /// A line of any text, made clean. Throws output_closed or failure when it cannot be written.
  void line(std::string_view text = {}, tint how = tint::none);
  /// Already safe text, as it is.
  void raw(std::string_view text);
  /// To `err`. Never throws.
  void note(std::string_view text, tint how = tint::none) noexcept;
  /// Throws as line() when something before could not be written.
  void flush();

  const screen& out() const noexcept { return out_screen_; }
  const screen& err() const noexcept { return err_screen_; }
  std::FILE* out_stream() const noexcept { return out_; }
  std::FILE* err_stream() const noexcept { return err_; }

private:
  void check();

  std::FILE* out_;
  std::FILE* err_;
  screen out_screen_, err_screen_;
};

} // namespace tutti::services::cli
