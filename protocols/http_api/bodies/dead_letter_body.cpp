#include "protocols/http_api/bodies/dead_letter_body.hpp"

#include "protocols/http_api/bodies/body_fields.hpp"

#include <array>
#include <utility>

namespace tutti::protocols::http_api {
namespace {

enum retry_field : std::size_t { r_type, r_queue, r_error, r_max };
constexpr std::array<std::string_view, 4> retry_fields{"type", "queue", "error", "max"};

class retry_reader final : public body_fields {
public:
  retry_reader() noexcept : body_fields(retry_fields) {}

  result<dead_letter_retry> take() {
    if (auto mistakes = take_problem())
      return std::move(*mistakes);
    return std::move(out_);
  }

private:
  void field(std::size_t index, const scanned_member& what) override {
    switch (index) {
    case r_type:
      out_.type = job_type(what);
      break;
    case r_queue:
      out_.queue = queue_name(what);
      break;
    case r_error:
      out_.error = line(what, 1, 1024);
      break;
    case r_max:
      out_.max = integer(what, 1, 10'000).value_or(100);
      break;
    }
  }

  dead_letter_retry out_;
};

} // namespace

result<dead_letter_retry> parse_dead_letter_retry(std::string_view body) {
  retry_reader reader;
  if (auto refused = scan_object(body, reader))
    return std::move(*refused);
  return reader.take();
}

} // namespace tutti::protocols::http_api
