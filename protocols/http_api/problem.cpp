#include "protocols/http_api/problem.hpp"

#include "protocols/http_api/json_writer.hpp"

namespace tutti::protocols::http_api {

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 410:
    return "Gone";
  case 411:
    return "Length Required";
  case 412:
    return "Precondition Failed";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 421:
    return "Misdirected Request";
  case 422:
    return "Unprocessable Content";
  case 426:
    return "Upgrade Required";
  case 428:
    return "Precondition Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  case 507:
    return "Insufficient Storage";
  default:
    return "";
  }
}

std::string render(const problem& what) {
  std::string out;
  out.reserve(128 + what.detail.size() + 64 * what.errors.size());
  json_writer json{out};
  json.begin_object().member("type", what.type.empty() ? std::string_view{"about:blank"} : what.type);
  if (auto title = what.title.empty() ? reason_phrase(what.status) : std::string_view{what.title};
      !title.empty())
    json.member("title", title);
  json.member("status", what.status);
  if (!what.detail.empty())
    json.member("detail", what.detail);
  if (!what.instance.empty())
    json.member("instance", what.instance);
  if (!what.errors.empty()) {
    json.key("errors").begin_array();
    for (auto& error : what.errors)
      json.begin_object().member("pointer", error.pointer).member("detail", error.detail).end_object();
    json.end_array();
  }
  json.end_object();
  return out;
}

problem malformed(std::string detail) {
  return {.status = 400, .title = {}, .detail = std::move(detail), .instance = {}, .errors = {}};
}

problem unprocessable(std::string detail, std::vector<field_error> errors) {
  return {
      .status = 422, .title = {}, .detail = std::move(detail), .instance = {}, .errors = std::move(errors)};
}

std::string pointer_token(std::string_view name) {
  std::string out{"/"};
  for (char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

} // namespace tutti::protocols::http_api
