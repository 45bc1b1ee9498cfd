#include "services/http_client/transfer.hpp"

#include "runtime/error.hpp"
#include "services/net/address_check.hpp"

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::services::http_client {
namespace {

namespace outbound = runtime::outbound;
using outbound::http_failure;
using outbound::http_method;
using outbound::http_repeat;
using outbound::http_request;

constexpr std::size_t max_header_bytes = 64 * 1024;
/// An idle connection that is older may be closed by its server just now.
constexpr long reuse_within_s = 30;

struct free_url {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
    return "";
  std::string out = text;
  curl_free(text);
  return out;
}

boost::asio::ip::address address_of(const sockaddr& at) {
  namespace ip = boost::asio::ip;
  if (at.sa_family == AF_INET)
    return ip::address_v4{ntohl(reinterpret_cast<const sockaddr_in&>(at).sin_addr.s_addr)};
  ip::address_v6::bytes_type bytes{};
  if (at.sa_family == AF_INET6)
    std::copy_n(reinterpret_cast<const sockaddr_in6&>(at).sin6_addr.s6_addr, bytes.size(), bytes.begin());
  return ip::address_v6{bytes};
}

std::string_view trimmed(std::string_view text) {
  auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

} // namespace

caf::expected<std::string> origin_of(const std::string& url) {
  auto refuse = [](std::string why) {
    return runtime::make_error(runtime::ec::rejected, "the URL cannot be used: " + why);
  };
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F; }))
    return refuse("it contains white space, control characters or bytes beyond ASCII");
  std::unique_ptr<CURLU, free_url> parsed{curl_url()};
  if (!parsed)
    throw std::bad_alloc{};
  if (auto wrong = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_DISALLOW_USER))
    return refuse(curl_url_strerror(wrong));
  auto scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return refuse("it must begin with http:// or https://");
  return scheme + "://" + part_of(parsed.get(), CURLUPART_HOST) + ":" + part_of(parsed.get(), CURLUPART_PORT);
}

bool is_repeatable(const http_request& request) noexcept {
  if (request.repeat != http_repeat::by_method)
    return request.repeat == http_repeat::safe;
  return request.method != http_method::post && request.method != http_method::patch;
}

transfer::transfer(const http_request& request, std::chrono::milliseconds left,
                   std::chrono::milliseconds connect_timeout, const std::string& ca_file)
    : request_(request), easy_(curl_easy_init()) {
  if (!easy_)
    throw std::bad_alloc{};
  set_up(left, connect_timeout, ca_file);
  set_method();
  for (auto& [name, value] : request.headers)
    add_header(value.empty() ? name + ";" : name + ": " + value);
  if (!request.headers.find("user-agent"))
    add_header("User-Agent: tutti/" TUTTI_VERSION);
  if (!request.headers.find("content-type"))
    add_header("Content-Type:"); // curl takes every body for a form
  if (request.trace && !request.headers.find("traceparent"))
    add_header("traceparent: " + request.trace.child().format());
  add_header("Expect:"); // no round trip before a body
  set(CURLOPT_HTTPHEADER, headers_.get());
}

template <class Value>
void transfer::set(CURLoption option, Value value) {
  if (curl_easy_setopt(easy_.get(), option, value) != CURLE_OK)
    throw std::bad_alloc{}; // what else there is, is known when this is compiled
}

void transfer::set_up(std::chrono::milliseconds left, std::chrono::milliseconds connect_timeout,
                      const std::string& ca_file) {
  set(CURLOPT_ERRORBUFFER, words_.data());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 1L); // a connection that can take many is worth waiting for
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file.empty())
    set(CURLOPT_CAINFO, ca_file.c_str());
  set(CURLOPT_ACCEPT_ENCODING, "gzip");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L); // else the end of a transfer would wait for its resolver thread
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(left.count(), 1)));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
  set(CURLOPT_MAXAGE_CONN, reuse_within_s);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_PREREQFUNCTION, on_request);
  set(CURLOPT_PREREQDATA, this);
  if (request_.public_only) {
    set(CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_PROXY, ""); // it would resolve and connect where we cannot look
  }
}

void transfer::set_method() {
  if (request_.method == http_method::head)
    return set(CURLOPT_NOBODY, 1L);
  if (!request_.body.empty() || request_.method == http_method::post) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  set(CURLOPT_CUSTOMREQUEST, std::string{to_string(request_.method)}.c_str());
}

void transfer::add_header(const std::string& line) {
  auto* longer = curl_slist_append(headers_.get(), line.c_str());
  if (!longer)
    throw std::bad_alloc{};
  (void)headers_.release();
  headers_.reset(longer);
}

// --- called by curl

std::size_t transfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& t = *static_cast<transfer*>(self);
  t.header_bytes_ += size;
  t.too_large_ = t.too_large_ || t.header_bytes_ > max_header_bytes;
  if (t.too_large_)
    return 0; // ends it
  std::string_view line{data, size};
  t.head_ended_ = trimmed(line).empty();
  if (line.starts_with("HTTP/")) // an interim answer's do not count
    t.response_.headers.clear();
  else if (auto colon = line.find(':'); colon != line.npos)
    t.response_.headers.add(std::string{line.substr(0, colon)}, std::string{trimmed(line.substr(colon + 1))});
  return size;
}

std::size_t transfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
  auto& t = *static_cast<transfer*>(self);
  t.too_large_ = size > t.request_.max_response_bytes - t.response_.body.size();
  if (t.too_large_)
    return 0; // ends it
  t.response_.body.append(data, size);
  return size;
}

curl_socket_t transfer::on_open(void* self, curlsocktype, curl_sockaddr* to) noexcept {
  // What is connected to is what was resolved: a name cannot change in between.
  if (!net::is_public(address_of(to->addr))) {
    static_cast<transfer*>(self)->private_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

int transfer::on_request(void* self, char* remote, char*, int, int) noexcept {
  auto& t = *static_cast<transfer*>(self);
  if (t.request_.public_only) { // a connection that another request has left
    boost::system::error_code no_address;
    auto at = boost::asio::ip::make_address(remote, no_address);
    t.private_ = no_address || !net::is_public(at);
    if (t.private_)
      return CURL_PREREQFUNC_ABORT;
  }
  // curl repeats what it has sent on an old connection that ended then; it may have been handled.
  if (std::exchange(t.sent_, true) && !is_repeatable(t.request_))
    return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}

transfer::outcome transfer::finish(CURLcode how) {
  outcome out;
  if (how == CURLE_OK && head_ended_) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<unsigned>(status);
    out.response = std::move(response_);
    return out;
  }
  if (how == CURLE_OK) {
    how = CURLE_WEIRD_SERVER_REPLY; // it ended within its head, which curl takes for an empty answer
    words_[0] = '\0';
  }
  out.reason = words_[0] != '\0' ? words_.data() : curl_easy_strerror(how);
  if (too_large_) {
    out.failure = http_failure::too_large;
    out.reason = "the answer is too large";
  } else if (private_ && !sent_) {
    out.failure = http_failure::rejected;
    out.reason = "the host's address is not public";
  } else if (how == CURLE_OPERATION_TIMEDOUT) {
    out.failure = sent_ ? http_failure::deadline : http_failure::not_sent;
  } else {
    out.failure = sent_ ? http_failure::broken : http_failure::not_sent;
  }
  return out;
}

} // namespace tutti::services::http_client
