#pragma once
#include "protocols/http_api/json_writer.hpp"
#include "protocols/json/outcome.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// For the encoders of this folder: writes a body, and remembers the first field that is out of its bounds.
namespace tutti::protocols::discord {

class bounded_body {
public:
  bounded_body() = default;
  bounded_body(const bounded_body&) = delete;
  bounded_body& operator=(const bounded_body&) = delete;

  /// For what has no bound to check.
  http_api::json_writer& json() noexcept { return json_; }

  template <class F>
  void object(F&& members) {
    json_.begin_object();
    members();
    json_.end_object();
  }
  template <class F>
  void object(std::string_view name, F&& members) {
    json_.key(name);
    within(std::string{name}, [&] { object(members); });
  }
  /// `write_one(item)` writes an element.
  template <class Items, class F>
  void list(std::string_view name, const Items& items, std::size_t least, std::size_t most, F&& write_one) {
    count(name, items.size(), least, most);
    json_.key(name).begin_array();
    std::size_t index = 0;
    for (auto& item : items)
      within(std::string{name} + "[" + std::to_string(index++) + "]", [&] { write_one(item); });
    json_.end_array();
  }
  /// What `part` writes or finds wrong is below `field`.
  template <class F>
  void within(std::string field, F&& part) {
    path_.push_back(std::move(field));
    part();
    path_.pop_back();
  }

  void text(std::string_view name, std::string_view value, std::size_t least, std::size_t most);
  /// Left out when empty.
  void text_if_any(std::string_view name, std::string_view value, std::size_t most);
  void url_if_any(std::string_view name, std::string_view value, std::size_t most = 2048);

  bool count(std::string_view name, std::size_t is, std::size_t least, std::size_t most);
  void check_text(std::string_view name, std::string_view value, std::size_t least, std::size_t most);
  /// Only the first mistake is kept.
  void fail(std::string_view name, std::string_view detail);
  /// The same unless `right`.
  void require(bool right, std::string_view name, std::string_view detail) {
    if (!right)
      fail(name, detail);
  }

  json::outcome<std::string> finish();

private:
  std::string out_;
  http_api::json_writer json_{out_};
  std::vector<std::string> path_;
  std::optional<json::field_error> wrong_;
};

} // namespace tutti::protocols::discord
