#include "services/redis/protocol/script.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>

namespace tutti::services::redis {
namespace {

std::string sha1_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::runtime_error("OpenSSL gives no SHA-1");
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[digest[i] >> 4U];
    out += digits[digest[i] & 15U];
  }
  return out;
}

} // namespace

script::script(std::string source) {
  auto sha1 = sha1_of(source);
  text_ = std::make_shared<const text>(text{std::move(source), std::move(sha1)});
}

} // namespace tutti::services::redis
