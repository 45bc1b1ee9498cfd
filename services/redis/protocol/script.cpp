#include "services/redis/protocol/script.hpp"

#include "services/redis/protocol/sha1.hpp"

#include <utility>

namespace tutti::services::redis {
namespace {

std::string hexadecimal(const std::string& bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

} // namespace

script::script(std::string source) {
  auto sha1 = hexadecimal(sha1_of(source));
  text_ = std::make_shared<const text>(text{std::move(source), std::move(sha1)});
}

} // namespace tutti::services::redis
