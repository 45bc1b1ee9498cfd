#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::services::cli {

/// Reads text/event-stream (WHATWG HTML, 9.2.6) in pieces of any size.
class sse_parser {
public:
  struct event {
    std::string name = "message";
    std::string data;
    std::string id; ///< the last one that was set, by this event or before
  };

  /// An event whose data is longer is left out.
  explicit sse_parser(std::size_t max_data = std::size_t{1} << 20) : max_data_(max_data) {}

  /// Calls `use` for each complete event, until it returns false; then so does this.
  bool feed(std::string_view bytes, const std::function<bool(const event&)>& use);
  /// A new connection begins: what was incomplete is void, the last id stays.
  void reconnect();

  const std::string& last_id() const noexcept { return last_id_; }
  /// How long the server wants clients to wait before they come back.
  std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

private:
  bool take_line(const std::function<bool(const event&)>& use);
  void field(std::string_view name, std::string_view value);

  std::size_t max_data_;
  std::string line_, data_, name_, id_, last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  bool begun_ = false;    ///< the stream's first line is past
  bool after_cr_ = false; ///< a line feed that comes now belongs to the carriage return
  bool has_data_ = false;
  bool too_long_ = false;
};

} // namespace tutti::services::cli
