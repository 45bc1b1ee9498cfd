#include "tests/services/websocket/support.hpp"

#include <utility>

namespace tutti::tests::services_websocket {

services::websocket::client& WebsocketClient::use(const std::string& ca_file) {
  if (!client)
    client.emplace(io.context(), services::websocket::client_options{ca_file});
  return *client;
}

std::unique_ptr<websocket> WebsocketClient::open(websocket_request to) {
  return use().open(caf::actor_cast<caf::actor>(owner), std::move(to));
}

std::unique_ptr<websocket> WebsocketClient::open(const wire_server& at, transport_compression c) {
  websocket_request to;
  to.url = at.url("ws");
  to.compression = c;
  return open(std::move(to));
}

WebsocketClient::event WebsocketClient::next(std::chrono::milliseconds within) {
  event out;
  owner->receive([&](websocket_opened& e) { out = std::move(e); }, //
                 [&](websocket_text& e) { out = std::move(e); },   //
                 [&](websocket_closed& e) { out = std::move(e); }, //
                 caf::after(within) >> [] {});
  return out;
}

websocket_opened WebsocketClient::expect_opened() {
  auto got = next();
  if (auto* closed = std::get_if<websocket_closed>(&got))
    ADD_FAILURE() << "closed: " << closed->reason;
  EXPECT_TRUE(std::holds_alternative<websocket_opened>(got));
  auto* out = std::get_if<websocket_opened>(&got);
  return out ? std::move(*out) : websocket_opened{};
}

std::string WebsocketClient::expect_text() {
  auto got = next();
  if (auto* closed = std::get_if<websocket_closed>(&got))
    ADD_FAILURE() << "closed: " << closed->reason;
  EXPECT_TRUE(std::holds_alternative<websocket_text>(got));
  auto* out = std::get_if<websocket_text>(&got);
  return out ? std::move(out->text) : std::string{};
}

websocket_closed WebsocketClient::expect_closed() {
  auto got = next();
  EXPECT_TRUE(std::holds_alternative<websocket_closed>(got));
  auto* out = std::get_if<websocket_closed>(&got);
  return out ? std::move(*out) : websocket_closed{};
}

} // namespace tutti::tests::services_websocket
