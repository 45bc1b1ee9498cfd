#pragma once
#include "runtime/outbound/http.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <caf/expected.hpp>
#include <curl/curl.h>

namespace tutti::services::http_client {

/// "https://api.example:443". Errors: rejected; the words never repeat the URL.
caf::expected<std::string> origin_of(const std::string& url);
/// Whether one that may have been handled may be sent again.
bool is_repeatable(const runtime::outbound::http_request& request) noexcept;

/// One attempt at a request: a curl handle with what it fills.
class transfer {
public:
  struct outcome {
    runtime::outbound::http_failure failure = runtime::outbound::http_failure::none;
    std::string reason;
    runtime::outbound::http_response response;
  };

  /// `request` stays where it is until the end. Its headers are well formed.
  transfer(const runtime::outbound::http_request& request, std::chrono::milliseconds left,
           std::chrono::milliseconds connect_timeout, const std::string& ca_file);

  CURL* handle() const noexcept { return easy_.get(); }
  /// What came of it; the response is moved out.
  outcome finish(CURLcode how);

private:
  struct free_easy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct free_list {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* to) noexcept;
  static int on_request(void* self, char* remote, char* local, int remote_port, int local_port) noexcept;

  template <class Value>
  void set(CURLoption option, Value value);
  void set_up(std::chrono::milliseconds left, std::chrono::milliseconds connect_timeout,
              const std::string& ca_file);
  void set_method();
  void add_header(const std::string& line);
  bool take_header(std::string line);

  const runtime::outbound::http_request& request_;
  std::unique_ptr<curl_slist, free_list> headers_;
  runtime::outbound::http_response response_;
  std::size_t header_bytes_ = 0;
  bool sent_ = false; // at least in part: it may be handled
  bool head_ended_ = false;
  bool too_large_ = false; // the answer
  bool private_ = false;   // an address that is not public
  std::array<char, CURL_ERROR_SIZE> words_{};
  std::unique_ptr<CURL, free_easy> easy_; // ends first
};

} // namespace tutti::services::http_client
