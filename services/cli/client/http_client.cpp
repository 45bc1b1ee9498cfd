#include "services/cli/client/http_client.hpp"

#include "services/cli/failure.hpp"

#include <cctype>
#include <cstring>
#include <stdexcept>

#include <curl/curl.h>

namespace tutti::services::cli {
namespace {

/// More than any answer; a broken server must not fill the memory.
constexpr std::size_t max_body = std::size_t{512} << 20;

struct list_deleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using header_list = std::unique_ptr<curl_slist, list_deleter>;

void append(header_list& to, const std::string& line) {
  auto* longer = curl_slist_append(to.get(), line.c_str());
  if (!longer)
    throw std::bad_alloc{};
  (void)to.release();
  to.reset(longer);
}

struct transfer {
  CURL* curl = nullptr;
  const std::function<bool(std::string_view)>* sink = nullptr;
  const std::function<bool()>* stop = nullptr;
  std::string body;
  bool enough = false, too_large = false, stopped = false;
};

std::size_t receive(char* data, std::size_t, std::size_t size, void* to) noexcept {
  auto& t = *static_cast<transfer*>(to);
  long status = 0;
  curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
  try {
    if (t.sink && status == 200) {
      t.enough = !(*t.sink)({data, size});
      return t.enough ? 0 : size; // less than all: curl ends the transfer
    }
    t.too_large = t.body.size() + size > max_body;
    if (t.too_large)
      return 0;
    t.body.append(data, size);
    return size;
  } catch (const std::exception&) {
    t.too_large = true;
    return 0;
  }
}

int progress(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  auto& t = *static_cast<transfer*>(of);
  t.stopped = t.stopped || (*t.stop && (*t.stop)());
  return t.stopped ? 1 : 0;
}

std::string lower(std::string text) {
  if (!text.empty())
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

no_answer explain(CURL* curl, CURLcode code, const char* detail, const transfer& t) {
  using kind = no_answer::kind;
  if (t.stopped)
    return {kind::interrupted, "interrupted"};
  if (t.too_large)
    return {kind::broken, "the answer is too large"};
  long system = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system);
  switch (code) {
  case CURLE_COULDNT_CONNECT:
    return {kind::unreachable,
            system != 0 ? lower(std::strerror(static_cast<int>(system))) : "no connection"};
  case CURLE_COULDNT_RESOLVE_HOST:
    return {kind::unreachable, "the host's name is not known"};
  case CURLE_OPERATION_TIMEDOUT: {
    curl_off_t connected = 0;
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
    return {connected == 0 ? kind::unreachable : kind::timed_out, "no answer in time"};
  }
  case CURLE_GOT_NOTHING:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_PARTIAL_FILE:
    return {kind::broken, "the connection was closed before the answer was complete"};
  default:
    return {kind::broken, lower(*detail ? detail : curl_easy_strerror(code))};
  }
}

bool is_loopback(std::string_view url) {
  auto host = url.substr(std::min(url.size(), url.find("://") + 3));
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

} // namespace

struct http_client::state {
  http_options options;
  CURL* curl = nullptr;
};

http_client::http_client(http_options options) : state_(std::make_unique<state>()) {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  state_->options = std::move(options);
  state_->curl = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (!state_->curl)
    throw std::runtime_error("libcurl cannot be started");
}

http_client::~http_client() {
  curl_easy_cleanup(state_->curl);
}

const std::string& http_client::url() const noexcept {
  return state_->options.url;
}

http_client::outcome http_client::send(const http_request& request) {
  return perform(request, nullptr);
}

http_client::outcome http_client::stream(const http_request& request,
                                         const std::function<bool(std::string_view)>& sink) {
  return perform(request, &sink);
}

http_client::outcome http_client::perform(const http_request& request,
                                          const std::function<bool(std::string_view)>* sink) {
  auto& o = state_->options;
  auto* curl = state_->curl;
  curl_easy_reset(curl); // keeps the connection
  transfer t;
  t.curl = curl;
  t.sink = sink;
  t.stop = &o.stop;
  header_list headers;
  append(headers, "Accept: application/json, application/problem+json, text/event-stream, */*");
  append(headers, "Expect:"); // do not wait for "100 Continue" before a batch
  append(headers, request.content_type.empty() ? "Content-Type:" : "Content-Type: " + request.content_type);
  if (!o.token.empty())
    append(headers, "Authorization: Bearer " + o.token);
  for (auto& h : request.headers)
    append(headers, h);
  std::string detail(CURL_ERROR_SIZE, '\0');
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  set(CURLOPT_URL, (o.url + request.path).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "tutti/" TUTTI_VERSION);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.content_type.empty() || request.method == "POST" || request.method == "PUT") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
  }
  if (is_loopback(o.url))
    set(CURLOPT_PROXY, ""); // whatever http_proxy says
  auto timeout = static_cast<long>(o.timeout.count());
  set(CURLOPT_CONNECTTIMEOUT_MS, timeout);
  if (!sink)
    set(CURLOPT_TIMEOUT_MS, timeout);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_ERRORBUFFER, detail.data());
  set(CURLOPT_WRITEFUNCTION, &receive);
  set(CURLOPT_WRITEDATA, &t);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &progress);
  set(CURLOPT_XFERINFODATA, &t);
  auto code = curl_easy_perform(curl);
  if (code != CURLE_OK && !t.enough)
    return explain(curl, code, detail.c_str(), t);
  http_answer out;
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  out.status = static_cast<int>(status);
  const char* type = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
    out.content_type = type;
  curl_off_t wait = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
    out.retry_after = std::chrono::seconds{wait};
  out.body = std::move(t.body);
  return out;
}

std::string check_url(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme))
      continue;
    auto rest = url.substr(scheme.size());
    if (rest.empty() || rest.front() == '/' || rest.find_first_of(" \t\r\n?#") != rest.npos)
      return "must be like http://127.0.0.1:3000";
    return {};
  }
  return "must begin with http:// or https://";
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

std::string with_query(std::string path, const std::vector<std::pair<std::string, std::string>>& parameters) {
  char separator = '?';
  for (auto& [name, value] : parameters) {
    if (value.empty())
      continue;
    path += separator + name + "=" + percent_encoded(value);
    separator = '&';
  }
  return path;
}

} // namespace tutti::services::cli
