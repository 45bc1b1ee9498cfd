#include "protocols/discord/fields.hpp"

namespace tutti::protocols::discord {

bool read_id(json::reader& in, std::uint64_t& out) {
  std::string_view text;
  if (!in.string(text))
    return false;
  auto id = parse_snowflake(text);
  if (!id)
    return in.fail("must be a snowflake");
  out = *id;
  return true;
}

bool read(json::reader& in, permission_set& out) {
  std::string_view text;
  if (!in.string(text))
    return false;
  auto set = parse_permissions(text);
  if (!set)
    return in.fail("must be a number in a string");
  out = *set;
  return true;
}

} // namespace tutti::protocols::discord
