#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::redis {

/// A Lua script; cheap to copy. Batches call it by its SHA-1, the client loads it where a server has it not.
class script {
public:
  explicit script(std::string source);

  std::string_view source() const noexcept { return text_->source; }
  std::string_view sha1() const noexcept { return text_->sha1; } ///< 40 hexadecimal digits

private:
  struct text {
    std::string source;
    std::string sha1;
  };
  std::shared_ptr<const text> text_;
};

} // namespace tutti::services::redis
