#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace tutti::services::sim::discord {

/// One deflate context for a whole connection; each message ends in 00 00 FF FF.
class zlib_stream {
public:
  zlib_stream();
  ~zlib_stream();
  std::string message(std::string_view text);
  /// A zlib stream of its own.
  static std::string whole(std::string_view text);

private:
  struct context;
  std::unique_ptr<context> context_;
};

} // namespace tutti::services::sim::discord
