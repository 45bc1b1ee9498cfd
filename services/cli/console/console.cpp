#include "services/cli/console/console.hpp"

#include "services/cli/console/text.hpp"
#include "services/cli/failure.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

namespace tutti::services::cli {
namespace {

std::string_view code_of(tint how) {
  switch (how) {
  case tint::bold:
    return "\x1b[1m";
  case tint::dim:
    return "\x1b[2m";
  case tint::red:
    return "\x1b[31m";
  case tint::green:
    return "\x1b[32m";
  case tint::yellow:
    return "\x1b[33m";
  case tint::cyan:
    return "\x1b[36m";
  case tint::none:
    break;
  }
  return {};
}

std::string_view variable(const char* name) {
  auto* value = std::getenv(name);
  return value ? value : "";
}

} // namespace

screen look_at(std::FILE* stream) {
  screen out;
  auto fd = ::fileno(stream); // -1 for a stream in memory
  out.terminal = fd >= 0 && ::isatty(fd) == 1;
  if (!out.terminal)
    return out;
  out.colours = variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  winsize size{};
  out.columns = ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  if (out.columns == 0)
    out.columns = 80;
  return out;
}

std::string tinted(std::string_view text, tint how, const screen& on) {
  if (!on.colours || how == tint::none || text.empty())
    return std::string{text};
  return std::string{code_of(how)} + std::string{text} + "\x1b[0m";
}

console::console(std::FILE* out, std::FILE* err)
    : out_(out), err_(err), out_screen_(look_at(out)), err_screen_(look_at(err)) {}

void console::line(std::string_view text, tint how) {
  raw(tinted(clean(text), how, out_screen_) + "\n");
}

void console::raw(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), out_) != text.size())
    check();
  if (out_screen_.terminal)
    flush();
}

void console::note(std::string_view text, tint how) noexcept {
  try {
    std::fflush(out_);
    auto line = tinted(clean(text), how, err_screen_) + "\n";
    std::fwrite(line.data(), 1, line.size(), err_);
    std::fflush(err_);
  } catch (const std::exception&) { // no memory for words about a failure
  }
}

void console::flush() {
  if (std::fflush(out_) != 0 || std::ferror(out_))
    check();
}

void console::check() {
  auto why = errno;
  if (why == EPIPE)
    throw output_closed{};
  throw failure(std::string{"cannot write the output: "} + std::strerror(why));
}

} // namespace tutti::services::cli
