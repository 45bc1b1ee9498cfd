#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::runtime::jobs {

/// Reads the members of a payload, which its schema has checked already. The text must outlive the reader.
class payload_reader {
public:
  explicit payload_reader(std::string_view json);
  ~payload_reader();

  /// Nothing when the payload is no object, or has no such member of that kind.
  std::optional<std::int64_t> integer(const char* member) const;
  std::optional<std::string> string(const char* member) const;
  std::optional<bool> boolean(const char* member) const;

private:
  struct document;
  std::unique_ptr<document> document_;
};

} // namespace tutti::runtime::jobs
