#include "services/cli/client/sse.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

namespace tutti::services::cli {

bool sse_parser::feed(std::string_view bytes, const std::function<bool(const event&)>& use) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n')
      bytes.remove_prefix(1);
    auto end = bytes.find_first_of("\r\n");
    auto piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > max_data_ + 16) // longer than the longest field
      too_long_ = true;
    else
      line_ += piece;
    if (end == bytes.npos)
      return true;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (!take_line(use))
      return false;
  }
  return true;
}

void sse_parser::reconnect() {
  line_.clear();
  data_.clear();
  name_.clear();
  id_ = last_id_;
  begun_ = after_cr_ = has_data_ = too_long_ = false;
}

bool sse_parser::take_line(const std::function<bool(const event&)>& use) {
  std::string_view line = line_;
  if (!std::exchange(begun_, true) && line.starts_with("\xEF\xBB\xBF"))
    line.remove_prefix(3);
  bool go_on = true;
  if (line.empty()) {
    last_id_ = id_; // only now: of an incomplete event, the id must not count
    if (has_data_ && !too_long_) {
      data_.pop_back(); // the line feed after the last line
      go_on = use({name_.empty() ? "message" : name_, data_, last_id_});
    }
    data_.clear();
    name_.clear();
    has_data_ = too_long_ = false;
  } else if (line.front() != ':') { // that would be a comment
    auto colon = line.find(':');
    auto value = colon == line.npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' '))
      value.remove_prefix(1);
    field(line.substr(0, colon), value);
  }
  line_.clear();
  return go_on;
}

void sse_parser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    too_long_ = too_long_ || data_.size() + value.size() > max_data_;
    if (!too_long_)
      data_.append(value) += '\n';
    has_data_ = true;
  } else if (name == "event") {
    name_ = value;
  } else if (name == "id") {
    if (value.find('\0') == value.npos)
      id_ = value;
  } else if (name == "retry") {
    std::uint32_t ms = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (error == std::errc{} && end == value.data() + value.size())
      retry_ = std::chrono::milliseconds{ms};
  }
}

} // namespace tutti::services::cli
