#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/basic_parser.hpp>

namespace tutti::services::http {

/// Why a request is refused.
struct fault {
  int status = 0;
  std::string_view detail; ///< of static storage
};

struct reader_limits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_request_line = 8 * 1024;
  std::size_t max_headers = 100;
};

/// One request through Beast's grammar, made stricter where leniency lets two parties read one message
/// differently: framing fields, Host, the target's form. Fields are views of the caller's buffer.
class request_parser final : public boost::beast::http::basic_parser<true> {
public:
  /// `fields` is scratch space of the caller; its content is valid until the next request_parser.
  request_parser(const reader_limits& limits, std::vector<actors::http_gateway::header>& fields);

  /// Takes a complete header block.
  std::optional<fault> parse_head(std::string_view block);
  /// Takes body bytes, says how many it used; stops at the end of the message.
  std::size_t parse_body(std::string_view bytes, std::optional<fault>& refusal);
  /// More than `limit` body bytes are refused; without `keep` they are dropped.
  void expect_body(std::size_t limit, bool keep);

  std::string_view method() const noexcept { return method_; }
  std::string_view target() const noexcept { return target_; } ///< in origin form, or `*`
  bool http_1_0() const noexcept { return version_ == 10; }
  bool expects_continue() const noexcept { return expects_continue_; }
  std::string take_body() noexcept { return std::move(body_); }

private:
  using beast_view = boost::beast::string_view;
  using verb = boost::beast::http::verb;
  using field = boost::beast::http::field;
  using error_code = boost::beast::error_code;

  void on_request_impl(verb, beast_view method, beast_view target, int version, error_code& ec) override;
  void on_response_impl(int, beast_view, int, error_code&) override {}
  void on_field_impl(field name, beast_view text, beast_view value, error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override;
  std::size_t on_body_impl(beast_view bytes, error_code&) override;
  void on_chunk_header_impl(std::uint64_t size, beast_view extension, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, beast_view bytes, error_code&) override;
  void on_finish_impl(error_code&) override {}

  void refuse(int status, std::string_view detail, error_code& ec) noexcept;
  std::optional<fault> check_target();

  std::vector<actors::http_gateway::header>& fields_;
  std::size_t max_fields_;
  std::size_t max_overhead_; ///< chunk extensions, all together
  std::optional<fault> fault_;
  std::string_view method_, target_, host_;
  std::string body_;
  int version_ = 0;
  unsigned hosts_ = 0, lengths_ = 0, encodings_ = 0, trailers_ = 0;
  bool expects_continue_ = false;
  bool keep_body_ = true;
};

} // namespace tutti::services::http
