#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What the demo needs of the machine.
namespace tutti::services::cli {

/// A folder that goes when this object ends, but for its logs if they are kept. Also takes away what demos
/// have left that were killed. Throws `failure` when it cannot be made.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Its logs shall stay, for whoever wants to know what went wrong.
  void keep_logs() noexcept { kept_ = true; }

private:
  std::filesystem::path path_;
  int lock_ = -1; ///< says that somebody lives here
  bool kept_ = false;
};

/// A file for its owner only. Throws `failure`.
void write_private(const std::filesystem::path& file, const std::string& text);

/// Where a program is: in PATH, else in one of these folders; nothing when it is in none.
std::optional<std::filesystem::path> find_program(const std::string& name,
                                                  const std::vector<std::filesystem::path>& more = {});

/// Ports of 127.0.0.1 on which nobody listens: those wished for where they are free, else any. 0: any. As
/// long as this lives no other demo takes them, although nobody listens yet. Throws `failure`.
class free_ports {
public:
  explicit free_ports(const std::vector<std::uint16_t>& wished);
  ~free_ports();
  free_ports(const free_ports&) = delete;
  free_ports& operator=(const free_ports&) = delete;

  std::uint16_t operator[](std::size_t i) const { return numbers_[i]; }

private:
  std::vector<std::uint16_t> numbers_;
  std::vector<int> claims_;
};

/// 64 hex digits that nobody can guess.
std::string random_secret();

} // namespace tutti::services::cli
