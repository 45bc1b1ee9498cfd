#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Text that is safe on a terminal, and how wide it is there.
namespace tutti::services::cli {

/// One line whatever comes in: control characters, line breaks and bidirectional overrides as escapes.
std::string clean(std::string_view bytes);

/// JSON text as one line that means the same: what could drive a terminal is written as \uXXXX.
std::string clean_json(std::string_view json);

/// Columns that clean text takes: none for combining marks, two for wide East Asian characters and emoji.
std::size_t display_width(std::string_view text);

/// The text itself, or its beginning and "…", at most so many columns wide.
std::string cut(std::string_view text, std::size_t columns);

/// "12,345,678"
std::string grouped(std::uint64_t number);
/// "1.5 KiB"
std::string bytes_text(std::uint64_t bytes);
/// "12 ms", "3.4 s", "2 m 05 s"
std::string duration_text(std::chrono::milliseconds d);
/// With so many digits after the point.
std::string fixed(double number, int digits);
/// "1 job", "2 jobs"
std::string counted(std::uint64_t number, std::string_view noun);

} // namespace tutti::services::cli
