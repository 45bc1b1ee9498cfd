#include "services/sim/base/http_server.hpp"

#include "services/sim/base/beast_socket.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace tutti::services::sim {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

struct http_server::shared : std::enable_shared_from_this<shared> {
  shared(event_loop& loop, tcp::endpoint at, handler on_request, upgrade_handler on_upgrade)
      : acceptor(loop.context()), endpoint(std::move(at)), request(std::move(on_request)),
        upgrade(std::move(on_upgrade)) {}

  void listen();
  void accept();

  tcp::acceptor acceptor;
  tcp::endpoint endpoint;
  handler request;
  upgrade_handler upgrade;
  std::uint64_t next_id = 0;
  std::map<std::uint64_t, std::weak_ptr<connection>> connections;
};

class http_server::connection : public std::enable_shared_from_this<connection> {
public:
  connection(tcp::socket socket, std::shared_ptr<shared> all, std::uint64_t id)
      : stream_(std::move(socket)), all_(std::move(all)), id_(id) {}
  ~connection() { all_->connections.erase(id_); }

  void read();
  void drop();

private:
  void take();
  void answer(http_response&& from);

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer input_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::shared_ptr<shared> all_;
  std::uint64_t id_;
};

namespace {

http_request plain(const beast_request& from, const tcp::endpoint& peer) {
  http_request out;
  out.method = std::string{from.method_string()};
  std::string_view target{from.target().data(), from.target().size()};
  auto mark = target.find('?');
  out.path = target.substr(0, mark);
  if (mark != target.npos)
    out.query = target.substr(mark + 1);
  for (auto& field : from)
    out.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  out.body = from.body();
  out.peer = peer.address().to_string();
  return out;
}

} // namespace

void http_server::connection::read() {
  parser_.emplace();
  parser_->body_limit(max_body);
  stream_.expires_after(std::chrono::minutes{5}); // a connection that nobody uses
  http::async_read(stream_, input_, *parser_,
                   [self = shared_from_this()](boost::beast::error_code failure, std::size_t) {
                     if (!failure)
                       self->take();
                   });
}

void http_server::connection::take() {
  stream_.expires_never();
  auto& message = parser_->get();
  boost::system::error_code gone;
  auto peer = stream_.socket().remote_endpoint(gone);
  if (gone)
    return;
  if (!message.target().starts_with('/')) {
    auto refused = json_response(400, json::object{{"message", "the target must be a path"}});
    return answer(std::move(refused));
  }
  auto request = plain(message, peer);
  if (all_->upgrade && boost::beast::websocket::is_upgrade(message)) {
    auto socket = std::make_shared<beast_socket>(std::move(stream_));
    all_->upgrade(request, socket);
    return socket->accept(message);
  }
  // Posted, so that an answer given at once does not recurse.
  all_->request(request, [self = shared_from_this()](http_response from) {
    asio::post(self->stream_.get_executor(),
               [self, from = std::move(from)]() mutable { self->answer(std::move(from)); });
  });
}

void http_server::connection::answer(http_response&& from) {
  if (from.drop)
    return drop();
  auto& request = parser_->get();
  response_ = {static_cast<http::status>(from.status), 11};
  for (auto& [name, value] : from.headers)
    response_.insert(name, value);
  if (!from.content_type.empty() && from.status != 204)
    response_.set(http::field::content_type, from.content_type);
  response_.keep_alive(request.keep_alive());
  response_.body() = std::move(from.body);
  if (from.status != 204)
    response_.content_length(response_.body().size());
  stream_.expires_after(std::chrono::seconds{60});
  http::async_write(stream_, response_,
                    [self = shared_from_this()](boost::beast::error_code failure, std::size_t) {
                      if (failure)
                        return;
                      if (self->response_.keep_alive())
                        self->read();
                      else
                        self->stream_.close();
                    });
}

void http_server::connection::drop() {
  boost::system::error_code ignored; // it is gone already, then
  stream_.socket().set_option(asio::socket_base::linger{true, 0}, ignored);
  stream_.close();
}

void http_server::shared::listen() {
  acceptor.open(endpoint.protocol());
  acceptor.set_option(asio::socket_base::reuse_address{true});
  acceptor.bind(endpoint);
  acceptor.listen();
  endpoint = acceptor.local_endpoint(); // port 0 picked one
  accept();
}

void http_server::shared::accept() {
  acceptor.async_accept([self = shared_from_this()](boost::system::error_code failure, tcp::socket socket) {
    if (!self->acceptor.is_open())
      return;
    if (!failure) {
      boost::system::error_code ignored; // the peer is gone already, then
      socket.set_option(tcp::no_delay{true}, ignored);
      auto id = ++self->next_id;
      auto made = std::make_shared<connection>(std::move(socket), self, id);
      self->connections.emplace(id, made);
      made->read();
    }
    self->accept();
  });
}

http_server::http_server(event_loop& loop, const std::string& address, std::uint16_t port, handler on_request,
                         upgrade_handler on_upgrade)
    : shared_(std::make_shared<shared>(loop, tcp::endpoint{asio::ip::make_address(address), port},
                                       std::move(on_request), std::move(on_upgrade))) {
  shared_->listen();
}

http_server::~http_server() {
  refuse(true);
  drop_connections();
}

std::uint16_t http_server::port() const noexcept {
  return shared_->endpoint.port();
}

void http_server::refuse(bool refused) {
  if (refused) {
    boost::system::error_code ignored;
    shared_->acceptor.close(ignored);
  } else if (!shared_->acceptor.is_open()) {
    shared_->listen();
  }
}

void http_server::drop_connections() {
  auto all = shared_->connections;
  for (auto& [id, weak] : all)
    if (auto one = weak.lock())
      one->drop();
}

} // namespace tutti::services::sim
