#include "tests/services/http_client/support.hpp"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

namespace tutti::tests::services_http_client {

seen_request read_request(wire& from) {
  seen_request out;
  out.head = from.read_until("\r\n\r\n");
  auto at = out.head.find("Content-Length: ");
  if (at != out.head.npos)
    out.body = from.read(std::strtoul(out.head.c_str() + at + 16, nullptr, 10));
  return out;
}

std::string answer(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Word\r\nContent-Length: " + std::to_string(body.size())
         + "\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

wire_server::script answering(std::function<std::string(const seen_request&)> give) {
  return [give = std::move(give)](wire& on, std::size_t) {
    for (;;)
      on.write(give(read_request(on)));
  };
}

services::http_client::client& HttpClient::use(client_options options) {
  if (!client)
    client.emplace(io.context(), metrics, std::move(options));
  return *client;
}

std::future<http_result> HttpClient::start(http_request what) {
  if (what.service.empty())
    what.service = "test";
  auto told = std::make_shared<std::promise<http_result>>();
  use().send(std::move(what), [told](http_result&& result) { told->set_value(std::move(result)); });
  return told->get_future();
}

http_result HttpClient::ask(http_request what) {
  auto patience = what.timeout + 10s;
  auto result = start(std::move(what));
  if (result.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error("the client called nobody back");
  return result.get();
}

http_result HttpClient::get(const std::string& url) {
  return ask({.url = url});
}

std::string HttpClient::metric(const std::string& series) const {
  auto text = "\n" + metrics.render();
  auto at = text.find("\n" + series + " ");
  if (at == text.npos)
    return "";
  at += series.size() + 2;
  return text.substr(at, text.find('\n', at) - at);
}

} // namespace tutti::tests::services_http_client
