#include "protocols/http_api/bodies/flag_body.hpp"

#include "protocols/http_api/bodies/body_fields.hpp"

#include <array>
#include <utility>

namespace tutti::protocols::http_api {
namespace {

constexpr std::int64_t last_version = 9'007'199'254'740'991; // that every JSON reader keeps exactly

enum flag_field : std::size_t { f_enabled, f_percentage, f_description, f_version };
constexpr std::array<std::string_view, 4> flag_fields{"enabled", "percentage", "description", "version"};

class flag_reader final : public body_fields {
public:
  flag_reader() noexcept : body_fields(flag_fields) {}

  result<flag_body> take() {
    if (!seen(f_enabled))
      missing(f_enabled);
    if (auto mistakes = take_problem())
      return std::move(*mistakes);
    return std::move(out_);
  }

private:
  void field(std::size_t index, const scanned_member& what) override {
    switch (index) {
    case f_enabled:
      out_.enabled = boolean(what).value_or(false);
      break;
    case f_percentage:
      if (auto number = integer(what, 0, 100))
        out_.percentage = static_cast<std::uint8_t>(*number);
      break;
    case f_description:
      out_.description = line(what, 0, 1000).value_or("");
      break;
    case f_version:
      if (auto number = integer(what, 0, last_version))
        out_.version = static_cast<std::uint64_t>(*number);
      break;
    }
  }

  flag_body out_;
};

} // namespace

result<flag_body> parse_flag(std::string_view body) {
  flag_reader reader;
  if (auto refused = scan_object(body, reader))
    return std::move(*refused);
  return reader.take();
}

} // namespace tutti::protocols::http_api
