// The ceiling for HTTP: Boost.Beast as its examples use it, every request answered 202 with one fixed body.
// argv: port threads
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::beast::error_code;

class connection : public std::enable_shared_from_this<connection> {
public:
  explicit connection(tcp::socket socket) : stream_(std::move(socket)) {
    stream_.socket().set_option(tcp::no_delay(true));
    answer_.result(http::status::accepted);
    answer_.set(http::field::content_type, "application/json");
    answer_.body() = R"({"id":"1","status":"queued"})";
    answer_.prepare_payload();
  }

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error)
        self->write();
    });
  }

private:
  void write() {
    answer_.keep_alive(request_.keep_alive());
    http::async_write(stream_, answer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error && self->request_.keep_alive())
        self->read();
    });
  }

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> answer_;
};

void accept(tcp::acceptor& acceptor, asio::io_context& io) {
  acceptor.async_accept(asio::make_strand(io), [&](error_code error, tcp::socket socket) {
    if (!error)
      std::make_shared<connection>(std::move(socket))->read();
    accept(acceptor, io);
  });
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  auto threads = std::atoi(argv[2]);
  asio::io_context io{threads};
  tcp::acceptor acceptor{
      io, {asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(std::atoi(argv[1]))}};
  accept(acceptor, io);
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i)
    others.emplace_back([&] { io.run(); });
  io.run();
}
