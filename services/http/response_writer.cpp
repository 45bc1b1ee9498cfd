#include "services/http/response_writer.hpp"

#include <charconv>
#include <cstdio>

#include <boost/beast/http/status.hpp>

namespace tutti::services::http {
namespace {

void append_number(std::string& out, std::size_t number, int base = 10) {
  char digits[24];
  auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
  out.append(digits, end);
}

void append_fields(std::string& out, const actors::http_gateway::response& answer, const answer_form& form,
                   std::string_view date) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(answer.status));
  out.push_back(' ');
  auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  out.append(reason.data(), reason.size()).append("\r\nDate: ").append(date).append("\r\n");
  if (form.close)
    out.append("Connection: close\r\n");
  else if (form.http_1_0)
    out.append("Connection: keep-alive\r\n");
  out.append(answer.headers);
}

} // namespace

void append_answer(std::string& out, const actors::http_gateway::response& answer, const answer_form& form,
                   std::string_view date) {
  out.reserve(out.size() + answer.body.size() + answer.headers.size() + answer.content_type.size() + 192);
  append_fields(out, answer, form, date);
  auto bodiless = answer.status == 204 || answer.status == 304;
  if (!answer.content_type.empty() && !bodiless)
    out.append("Content-Type: ").append(answer.content_type).append("\r\n");
  if (!bodiless) {
    out.append("Content-Length: ");
    append_number(out, answer.body.size());
    out.append("\r\n");
  }
  out.append("\r\n");
  if (!bodiless && !form.head_only)
    out.append(answer.body);
}

void append_stream_head(std::string& out, const actors::http_gateway::response& answer,
                        const answer_form& form, std::string_view date) {
  append_fields(out, answer, form, date);
  out.append("Content-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");
  out.append(form.http_1_0 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty())
    return;
  append_number(out, data.size(), 16);
  out.append("\r\n").append(data).append("\r\n");
}

std::string_view date_clock::now() {
  auto second = std::time(nullptr);
  if (second != second_) {
    // strftime would follow the locale.
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&second, &utc);
    std::snprintf(text_, sizeof text_, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[utc.tm_wday % 7],
                  unsigned(utc.tm_mday) % 100, months[utc.tm_mon % 12], unsigned(utc.tm_year + 1900) % 10000,
                  unsigned(utc.tm_hour) % 100, unsigned(utc.tm_min) % 100, unsigned(utc.tm_sec) % 100);
    second_ = second;
  }
  return text_;
}

} // namespace tutti::services::http
