#include "runtime/cluster/tls/certificates.hpp"

#include "runtime/cluster/tls/handles.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace tutti::runtime::cluster {
namespace {

using certificate = openssl_handle<X509, X509_free>;
using private_key = openssl_handle<EVP_PKEY, EVP_PKEY_free>;
using file = openssl_handle<std::FILE, std::fclose>;

void free_chain(STACK_OF(X509) * chain) {
  sk_X509_pop_free(chain, X509_free);
}
using certificate_chain = openssl_handle<STACK_OF(X509), free_chain>;
using trust = openssl_handle<X509_STORE, X509_STORE_free>;

/// Instead of OpenSSL's own, which asks on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

std::string text_of(const ASN1_TIME* time) {
  openssl_handle<BIO, BIO_free_all> to{BIO_new(BIO_s_mem())};
  ASN1_TIME_print(to.get(), time);
  std::array<char, 64> text{};
  BIO_read(to.get(), text.data(), text.size() - 1);
  return text.data();
}

class certificate_check {
public:
  certificate_check(const config::tls_settings& tls, const std::string& node) : tls_(tls), node_(node) {}

  std::vector<std::string> run() {
    auto own = read_certificates("cluster.tls.certificate", tls_.certificate);
    auto cas = read_certificates("cluster.tls.ca", tls_.ca);
    auto key = read_key();
    if (own) {
      auto* leaf = sk_X509_value(own.get(), 0);
      check_times(leaf);
      check_name(leaf);
      if (key && X509_check_private_key(leaf, key.get()) != 1)
        wrong("cluster.tls.key", tls_.key, "is not the key of " + tls_.certificate);
      if (cas && wrong_.empty())
        check_trust(leaf, own.get(), cas.get());
    }
    ERR_clear_error();
    return std::move(wrong_);
  }

private:
  void wrong(const char* key, const std::string& path, const std::string& what) {
    wrong_.push_back(std::string{key} + ": " + path + " " + what);
  }

  file open(const char* key, const std::string& path) {
    file out{std::fopen(path.c_str(), "re")};
    if (!out)
      wrong(key, path, std::string{"cannot be read: "} + std::strerror(errno));
    return out;
  }

  /// Null: there is none, and that was noted.
  certificate_chain read_certificates(const char* key, const std::string& path) {
    auto from = open(key, path);
    if (!from)
      return nullptr;
    certificate_chain out{sk_X509_new_null()};
    while (auto* one = PEM_read_X509(from.get(), nullptr, no_passphrase, nullptr))
      sk_X509_push(out.get(), one);
    if (sk_X509_num(out.get()) > 0)
      return out;
    wrong(key, path, "holds no certificate (PEM)");
    return nullptr;
  }

  private_key read_key() {
    auto from = open("cluster.tls.key", tls_.key);
    if (!from)
      return nullptr;
    private_key out{PEM_read_PrivateKey(from.get(), nullptr, no_passphrase, nullptr)};
    if (!out)
      wrong("cluster.tls.key", tls_.key, "holds no private key (PEM) without a passphrase");
    return out;
  }

  void check_times(const X509* leaf) {
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
      wrong("cluster.tls.certificate", tls_.certificate, "has expired: " + text_of(X509_get0_notAfter(leaf)));
    else if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
      wrong("cluster.tls.certificate", tls_.certificate,
            "is not valid before " + text_of(X509_get0_notBefore(leaf)));
  }

  void check_name(const X509* leaf) {
    auto names = names_of(leaf);
    if (names_node(names, node_))
      return;
    std::replace(names.begin(), names.end(), '\n', ' ');
    wrong("cluster.tls.certificate", tls_.certificate,
          "is not for node \"" + node_ + "\": it names " + (names.empty() ? "no node" : names));
  }

  /// Each node is client and server.
  void check_trust(X509* leaf, STACK_OF(X509) * chain, STACK_OF(X509) * cas) {
    trust trusted{X509_STORE_new()};
    for (int i = 0; i < sk_X509_num(cas); ++i)
      X509_STORE_add_cert(trusted.get(), sk_X509_value(cas, i));
    for (auto [purpose, name] :
         {std::pair{X509_PURPOSE_SSL_SERVER, "server"}, std::pair{X509_PURPOSE_SSL_CLIENT, "client"}}) {
      openssl_handle<X509_STORE_CTX, X509_STORE_CTX_free> context{X509_STORE_CTX_new()};
      X509_STORE_CTX_init(context.get(), trusted.get(), leaf, chain);
      X509_STORE_CTX_set_purpose(context.get(), purpose);
      if (X509_verify_cert(context.get()) == 1)
        continue;
      wrong("cluster.tls.certificate", tls_.certificate,
            std::string{"is no good as a "} + name + "'s with " + tls_.ca + ": "
                + X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
      return;
    }
  }

  const config::tls_settings& tls_;
  const std::string& node_;
  std::vector<std::string> wrong_;
};

void add_name(std::string& to, const ASN1_STRING* text) {
  std::string_view name{reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<std::size_t>(ASN1_STRING_length(text))};
  auto plain = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  if (!name.empty() && std::all_of(name.begin(), name.end(), plain))
    (to.empty() ? to : to += '\n') += name;
}

void free_names(GENERAL_NAMES* names) {
  GENERAL_NAMES_free(names);
}

} // namespace

std::vector<std::string> check_certificates(const config::tls_settings& tls, const std::string& node) {
  return tls.mode == config::tls_mode::off ? std::vector<std::string>{} : certificate_check{tls, node}.run();
}

std::string names_of(const X509* certificate) {
  std::string out;
  openssl_handle<GENERAL_NAMES, free_names> alternative{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; i < sk_GENERAL_NAME_num(alternative.get()); ++i) {
    auto* name = sk_GENERAL_NAME_value(alternative.get(), i);
    if (name->type == GEN_DNS || name->type == GEN_URI)
      add_name(out, name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier);
  }
  auto* subject = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;)
    add_name(out, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
  return out;
}

bool names_node(std::string_view names, std::string_view node) {
  while (!names.empty()) {
    auto line = names.substr(0, names.find('\n'));
    if (line == node || line == "*")
      return true;
    names.remove_prefix(std::min(line.size() + 1, names.size()));
  }
  return false;
}

} // namespace tutti::runtime::cluster
