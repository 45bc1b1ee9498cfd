#include "protocols/http_api/bodies/object_body.hpp"

#include "protocols/http_api/object_scan.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tutti::protocols::http_api {
namespace {

constexpr std::size_t max_named_twice = 100;

class name_collector final : public scan_sink {
public:
  std::vector<std::string> names;

  void begin(json_kind) override {}
  void member(const scanned_member& what) override { names.emplace_back(what.name); }
  void end() override {}
};

} // namespace

std::optional<problem> check_object(std::string_view body) {
  name_collector found;
  if (auto refused = scan_object(body, found))
    return refused;
  std::sort(found.names.begin(), found.names.end());
  std::vector<field_error> errors;
  auto same = found.names.begin();
  while (errors.size() < max_named_twice
         && (same = std::adjacent_find(same, found.names.end())) != found.names.end()) {
    errors.push_back({pointer_token(*same), "comes twice"});
    same = std::upper_bound(same, found.names.end(), *same);
  }
  if (errors.empty())
    return std::nullopt;
  auto detail = errors.front().pointer + " comes twice";
  return unprocessable(std::move(detail), std::move(errors));
}

} // namespace tutti::protocols::http_api
