#include "runtime/cluster/tls/throwaway_ca.hpp"

#include "runtime/cluster/tls/handles.hpp"

#include <cstdio>
#include <stdexcept>

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

namespace tutti::runtime::cluster {
namespace {

using made_certificate = openssl_handle<X509, X509_free>;
using made_key = openssl_handle<EVP_PKEY, EVP_PKEY_free>;

/// Clocks of machines differ.
constexpr std::chrono::minutes clock_slack{10};

[[noreturn]] void give_up(const std::string& what) {
  ERR_clear_error();
  throw std::runtime_error("cannot make certificates: " + what);
}

/// OpenSSL says 1 when all is well.
void must(int result) {
  if (result != 1)
    give_up("OpenSSL refuses");
}

made_key new_key() {
  made_key out{EVP_EC_gen("P-256")};
  if (!out)
    give_up("no key");
  return out;
}

void extend(X509* to, X509* issuer, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  openssl_handle<X509_EXTENSION, X509_EXTENSION_free> extension{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  must(X509_add_ext(to, extension.get(), -1));
}

/// `issuer` null: by itself, a CA.
made_certificate new_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                 std::chrono::seconds valid) {
  made_certificate out{X509_new()};
  auto* x = out.get();
  must(X509_set_version(x, X509_VERSION_3));
  openssl_handle<BIGNUM, BN_free> serial{BN_new()};
  must(BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
  if (!BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(x)))
    give_up("no serial number");
  X509_gmtime_adj(X509_getm_notBefore(x), -std::chrono::seconds{clock_slack}.count());
  X509_gmtime_adj(X509_getm_notAfter(x), valid.count());
  must(X509_set_pubkey(x, key));
  auto* subject = X509_get_subject_name(x);
  must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0));
  must(X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject));
  extend(x, issuer ? issuer : x, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  extend(x, issuer ? issuer : x, NID_key_usage,
         issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
  if (issuer)
    extend(x, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  if (X509_sign(x, issuer_key, EVP_sha256()) == 0)
    give_up("no signature");
  return out;
}

/// `write`: bool(FILE*).
template <class Write>
void write_file(const std::filesystem::path& path, mode_t mode, Write write) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  auto* to = fd < 0 ? nullptr : ::fdopen(fd, "w");
  bool good = to && write(to);
  if (to)
    good = std::fclose(to) == 0 && good;
  if (!good)
    give_up(path.string() + " cannot be written");
}

void write_certificate(const std::filesystem::path& path, X509* x) {
  write_file(path, 0644, [x](std::FILE* to) { return PEM_write_X509(to, x) == 1; });
}

} // namespace

void make_throwaway_ca(const std::filesystem::path& folder, const std::vector<std::string>& nodes,
                       std::chrono::seconds valid) {
  auto ca_key = new_key();
  auto ca = new_certificate("tutti throw-away CA", ca_key.get(), nullptr, ca_key.get(), valid);
  write_certificate(folder / "ca.crt", ca.get());
  for (auto& node : nodes) {
    auto key = new_key();
    auto x = new_certificate(node, key.get(), ca.get(), ca_key.get(), valid);
    write_file(folder / (node + ".key"), 0600, [&key](std::FILE* to) {
      return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    });
    write_certificate(folder / (node + ".crt"), x.get());
  }
}

config::tls_settings throwaway_tls(const std::filesystem::path& folder, const std::string& node) {
  return {config::tls_mode::on, folder / (node + ".crt"), folder / (node + ".key"), folder / "ca.crt"};
}

} // namespace tutti::runtime::cluster
