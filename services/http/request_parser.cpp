#include "services/http/request_parser.hpp"

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

namespace tutti::services::http {
namespace {

namespace bhttp = boost::beast::http;

// What a body may claim before its bytes have come: a Content-Length alone shall not take memory.
constexpr std::size_t body_reserve = 64 * 1024;

std::string_view plain(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

bool all_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "HTTP/2.0" is a version that we do not speak; "HTTP/one" is not a version.
bool names_a_version(std::string_view block) noexcept {
  auto line = block.substr(0, block.find("\r\n"));
  auto version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && all_digits(version.substr(5, 1))
         && version[6] == '.' && all_digits(version.substr(7));
}

fault head_fault(boost::beast::error_code ec, std::string_view block) noexcept {
  if (ec == bhttp::error::bad_version && names_a_version(block))
    return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (ec == bhttp::error::header_limit)
    return {431, "The header block is too large."};
  if (ec == bhttp::error::bad_method || ec == bhttp::error::bad_target || ec == bhttp::error::bad_version)
    return {400, "The request line is malformed."};
  if (ec == bhttp::error::bad_content_length || ec == bhttp::error::multiple_content_length)
    return {400, "The Content-Length is invalid or contradicts another field."};
  if (ec == bhttp::error::bad_transfer_encoding)
    return {400, "The Transfer-Encoding contradicts another field."};
  return {400, "A header field is malformed."};
}

} // namespace

request_parser::request_parser(const reader_limits& limits, std::vector<actors::http_gateway::header>& fields)
    : fields_(fields), max_fields_(limits.max_headers), max_overhead_(limits.max_header_bytes) {
  fields_.clear();
  header_limit(static_cast<std::uint32_t>(limits.max_header_bytes) + 4);
  body_limit(boost::none); // known after the admission only
}

std::optional<fault> request_parser::parse_head(std::string_view block) {
  error_code ec;
  put(boost::asio::buffer(block.data(), block.size()), ec);
  if (fault_)
    return fault_;
  if (ec || !is_header_done())
    return head_fault(ec, block);
  return check_target();
}

std::size_t request_parser::parse_body(std::string_view bytes, std::optional<fault>& refusal) {
  error_code ec;
  eager(true);
  auto used = put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (fault_)
    refusal = fault_;
  else if (ec == bhttp::error::body_limit)
    refusal = fault{413, "The body is larger than this route takes."};
  else if (ec && ec != bhttp::error::need_more)
    refusal = fault{400, "The chunked body is malformed."};
  return used;
}

void request_parser::expect_body(std::size_t limit, bool keep) {
  body_limit(limit);
  keep_body_ = keep;
}

void request_parser::refuse(int status, std::string_view detail, error_code& ec) noexcept {
  fault_ = fault{status, detail};
  ec = bhttp::error::bad_value;
}

void request_parser::on_request_impl(verb, beast_view method, beast_view target, int version, error_code&) {
  method_ = plain(method);
  target_ = plain(target);
  version_ = version;
}

void request_parser::on_field_impl(field name, beast_view text, beast_view value, error_code& ec) {
  if (is_header_done()) { // a trailer: counted, not kept
    if (++trailers_ > max_fields_)
      refuse(431, "There are too many trailer fields.", ec);
    return;
  }
  if (fields_.size() == max_fields_)
    return refuse(431, "There are too many header fields.", ec);
  fields_.push_back({plain(text), plain(value)});
  switch (name) {
  case field::host:
    ++hosts_;
    host_ = plain(value);
    break;
  case field::content_length: // Beast takes "5, 5" and repetitions of one value
    if (++lengths_ > 1 || !all_digits(plain(value)))
      refuse(400, "The Content-Length must be one number, given once.", ec);
    break;
  case field::transfer_encoding: // Beast takes whatever it does not know as "no body"
    if (++encodings_ > 1)
      refuse(400, "Transfer-Encoding is given more than once.", ec);
    else if (!equal_ignoring_case(plain(value), "chunked"))
      refuse(501, "The only Transfer-Encoding understood is chunked.", ec);
    break;
  case field::expect:
    if (!equal_ignoring_case(plain(value), "100-continue"))
      refuse(417, "The only expectation understood is 100-continue.", ec);
    else
      expects_continue_ = version_ == 11;
    break;
  default:
    break;
  }
}

void request_parser::on_header_impl(error_code& ec) {
  if (version_ == 11 ? hosts_ != 1 : hosts_ > 1)
    refuse(400, "Exactly one Host field is needed.", ec);
  else if (host_.find_first_of(" \t,/?#@\\") != host_.npos)
    refuse(400, "The Host field is malformed.", ec);
  else if (version_ == 10 && chunked())
    refuse(400, "HTTP/1.0 knows no Transfer-Encoding.", ec);
}

void request_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
  if (keep_body_ && length)
    body_.reserve(std::min<std::uint64_t>(*length, body_reserve));
}

std::size_t request_parser::on_body_impl(beast_view bytes, error_code&) {
  if (keep_body_)
    body_.append(bytes.data(), bytes.size());
  return bytes.size();
}

void request_parser::on_chunk_header_impl(std::uint64_t, beast_view extension, error_code& ec) {
  if (extension.size() > max_overhead_)
    return refuse(400, "The chunk extensions are too long.", ec);
  max_overhead_ -= extension.size();
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, beast_view bytes, error_code& ec) {
  return on_body_impl(bytes, ec);
}

std::optional<fault> request_parser::check_target() {
  if (method_ == "CONNECT")
    return fault{501, "This is no proxy."};
  if (std::any_of(target_.begin(), target_.end(), [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; }))
    return fault{400, "The request target must be percent-encoded."};
  if (target_.front() == '/')
    return std::nullopt;
  if (target_ == "*")
    return method_ == "OPTIONS" ? std::nullopt
                                : std::optional(fault{400, "The target * goes with OPTIONS only."});
  // Absolute form, as sent to proxies. A Host that names another authority would let two readers differ.
  auto scheme = target_.find("://");
  auto name = target_.substr(0, scheme);
  if (scheme == target_.npos || (!equal_ignoring_case(name, "http") && !equal_ignoring_case(name, "https")))
    return fault{400, "The request target must start with a slash."};
  auto rest = target_.substr(scheme + 3);
  auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || (hosts_ && !equal_ignoring_case(authority, host_)))
    return fault{400, "The request target names another host than the Host field."};
  rest.remove_prefix(authority.size());
  if (rest.empty())
    target_ = "/";
  else if (rest.front() == '/')
    target_ = rest;
  else
    return fault{400, "The request target must have a path."};
  return std::nullopt;
}

} // namespace tutti::services::http
