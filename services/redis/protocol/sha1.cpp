#include "services/redis/protocol/sha1.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace tutti::services::redis {

std::string sha1_of(std::string_view text) {
  // Looking the algorithm up costs more than a short text's digest.
  static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> sha1{EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                               EVP_MD_free};
  std::string out(20, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  if (!sha1 || EVP_Digest(text.data(), text.size(), bytes, nullptr, sha1.get(), nullptr) != 1)
    throw std::runtime_error("OpenSSL gives no SHA-1");
  return out;
}

} // namespace tutti::services::redis
