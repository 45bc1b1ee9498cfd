#include "services/websocket/url.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::services_websocket {
namespace {

using services::websocket::parse_url;

TEST(WebsocketUrl, GivenUrlsWhenParsedThenPartsAreRight) {
  struct {
    const char *url, *host, *authority, *target;
    std::uint16_t port;
    bool tls;
  } cases[] = {
      {"ws://h", "h", "h", "/", 80, false},
      {"wss://gw.example/?v=10&encoding=json", "gw.example", "gw.example", "/?v=10&encoding=json", 443, true},
      {"wss://gw.example?v=10", "gw.example", "gw.example", "/?v=10", 443, true},
      {"ws://127.0.0.1:2333/v4/websocket", "127.0.0.1", "127.0.0.1:2333", "/v4/websocket", 2333, false},
      {"ws://[::1]:9/x", "::1", "[::1]:9", "/x", 9, false},
      {"wss://[::1]/x", "::1", "[::1]", "/x", 443, true},
  };
  for (auto& c : cases) {
    auto got = parse_url(c.url);
    ASSERT_TRUE(got) << c.url;
    EXPECT_EQ(got->host, c.host);
    EXPECT_EQ(got->authority, c.authority);
    EXPECT_EQ(got->target, c.target);
    EXPECT_EQ(got->port, c.port);
    EXPECT_EQ(got->tls, c.tls);
  }
}

TEST(WebsocketUrl, GivenWhatIsNoneWhenParsedThenRefused) {
  for (auto* url : {"", "ws", "ws:/h", "http://h", "WS://h", "ws://", "ws:///x", "ws://h:0", "ws://h:99999",
                    "ws://h:x", "ws://u@h", "ws://h/#f", "ws://h/ x", "ws://h/\xC3\xA4", "ws://h\n/"})
    EXPECT_FALSE(parse_url(url)) << url;
}

} // namespace
} // namespace tutti::tests::services_websocket
