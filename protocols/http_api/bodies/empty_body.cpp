#include "protocols/http_api/bodies/empty_body.hpp"

#include "protocols/http_api/bodies/body_fields.hpp"

namespace tutti::protocols::http_api {
namespace {

class nothing_reader final : public body_fields {
public:
  nothing_reader() noexcept : body_fields({}) {}
  using body_fields::take_problem;

private:
  void field(std::size_t, const scanned_member&) override {} // no name is known
};

} // namespace

std::optional<problem> parse_empty_body(std::string_view body) {
  if (body.empty())
    return std::nullopt;
  nothing_reader reader;
  if (auto refused = scan_object(body, reader))
    return refused;
  return reader.take_problem();
}

} // namespace tutti::protocols::http_api
