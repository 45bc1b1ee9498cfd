#pragma once
#include <memory>

/// Internal: OpenSSL's objects, freed by themselves.
namespace tutti::runtime::cluster {

template <auto Free>
struct openssl_free {
  template <class T>
  void operator()(T* x) const noexcept {
    Free(x);
  }
};
template <class T, auto Free>
using openssl_handle = std::unique_ptr<T, openssl_free<Free>>;

} // namespace tutti::runtime::cluster
