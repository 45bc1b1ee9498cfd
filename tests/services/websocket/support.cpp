#include "tests/services/websocket/support.hpp"

#include <stdexcept>
#include <utility>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <zlib.h>

namespace tutti::tests::services_websocket {

std::string peer::read_request() {
  return on_.read_until("\r\n\r\n");
}

std::string peer::accept(std::string_view headers) {
  auto head = read_request();
  std::string_view field = "Sec-WebSocket-Key: ";
  auto at = head.find(field);
  if (at == head.npos)
    throw std::runtime_error("no handshake: " + head);
  at += field.size();
  auto key = head.substr(at, head.find("\r\n", at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  char proof[64];
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(proof), digest, sizeof digest);
  on_.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: "
            + std::string{proof, static_cast<std::size_t>(size)} + "\r\n" + std::string{headers} + "\r\n");
  return head;
}

void peer::send(unsigned opcode, std::string_view payload, bool last) {
  std::string out;
  out += static_cast<char>((last ? 0x80 : 0) | opcode);
  auto size = payload.size();
  auto bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127);
  for (auto i = bytes - 1; i >= 0; --i)
    out += static_cast<char>(size >> (8 * i) & 0xFF);
  on_.write(out.append(payload));
}

void peer::send_close(std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  send(8, payload.append(reason));
}

frame peer::read() {
  auto byte = [this] { return static_cast<unsigned char>(on_.read(1)[0]); };
  auto first = byte(), second = byte();
  frame out{(first & 0x80) != 0, first & 0x0FU, (second & 0x80) != 0, {}};
  std::size_t size = second & 0x7F;
  if (auto more = size == 126 ? 2 : size == 127 ? 8 : 0; more > 0) {
    size = 0;
    while (more-- > 0)
      size = size << 8 | byte();
  }
  auto mask = out.masked ? on_.read(4) : std::string(4, '\0');
  out.payload = on_.read(size);
  for (std::size_t i = 0; i < size; ++i)
    out.payload[i] = static_cast<char>(out.payload[i] ^ mask[i % 4]);
  return out;
}

struct packer::state {
  z_stream stream{};
};

packer::packer() : state_(std::make_unique<state>()) {
  deflateInit(&state_->stream, Z_BEST_SPEED);
}

packer::~packer() {
  deflateEnd(&state_->stream);
}

std::string packer::operator()(std::string_view text) {
  auto& z = state_->stream;
  std::string out;
  char part[65536];
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  do {
    z.next_out = reinterpret_cast<Bytef*>(part);
    z.avail_out = sizeof part;
    deflate(&z, Z_SYNC_FLUSH);
    out.append(part, sizeof part - z.avail_out);
  } while (z.avail_out == 0);
  return out;
}

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
