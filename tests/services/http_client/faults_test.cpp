// Servers that fail, and what is repeated then.
#include "runtime/error.hpp"
#include "tests/services/http_client/support.hpp"

#include <atomic>
#include <ctime>
#include <thread>

namespace tutti::tests::services_http_client {
namespace {

struct HttpFaults : HttpClient {};

/// A request that is repeated at once.
http_request quick(const std::string& url, http_method method = http_method::get) {
  return {.method = method, .url = url, .first_backoff = 1ms};
}

TEST_F(HttpFaults, GivenServerThatFailsTwiceWhenTheMethodIsSafeThenItIsRepeatedUntilItWorks) {
  for (int status : {429, 500, 502, 503, 504}) {
    std::atomic<int> n{0};
    wire_server server{
        answering([&](const seen_request&) { return answer(++n <= 2 ? status : 200, "body"); })};
    auto got = ask(quick(server.url("http")));
    EXPECT_EQ(got.response.status, 200U) << status;
    EXPECT_EQ(got.attempts, 3U);
  }
}

TEST_F(HttpFaults, GivenServerThatKeepsFailingWhenAttemptsAreUsedUpThenTheLastAnswerIsGiven) {
  std::atomic<int> n{0};
  wire_server server{answering([&](const seen_request&) { return answer(503, std::to_string(++n)); })};
  auto got = ask(quick(server.url("http")));
  EXPECT_EQ(got.failure, http_failure::none);
  EXPECT_EQ(got.response.status, 503U);
  EXPECT_EQ(got.response.body, "4");
  EXPECT_EQ(got.attempts, 4U);
  EXPECT_EQ(metric(R"(tutti_external_requests_total{outcome="5xx",service="test"})"), "4");
}

TEST_F(HttpFaults, GivenPostWhenItMayHaveBeenHandledThenItIsSentOnceUnlessItIsSafe) {
  std::atomic<int> n{0};
  wire_server failing{answering([&](const seen_request&) {
    ++n;
    return answer(503, "");
  })};
  use({.circuits = {.failures = 100}});
  EXPECT_EQ(ask(quick(failing.url("http"), http_method::post)).attempts, 1U);
  EXPECT_EQ(n, 1);
  auto safe = quick(failing.url("http"), http_method::post);
  safe.repeat = http_repeat::safe;
  EXPECT_EQ(ask(safe).attempts, 4U);
  auto never = quick(failing.url("http"));
  never.repeat = http_repeat::never;
  EXPECT_EQ(ask(never).attempts, 1U);
  EXPECT_EQ(n, 6);
}

TEST_F(HttpFaults, GivenNotToBeRepeatedStatusWhenItComesThenItIsTheAnswer) {
  std::atomic<int> n{0};
  wire_server server{answering([&](const seen_request&) {
    ++n;
    return answer(404, "");
  })};
  EXPECT_EQ(ask(quick(server.url("http"))).response.status, 404U);
  EXPECT_EQ(n, 1);
}

TEST_F(HttpFaults, GivenRetryAfterInSecondsOrAsDateWhenItFitsTheDeadlineThenItIsWaitedFor) {
  for (bool date : {false, true}) {
    std::atomic<int> n{0};
    wire_server server{answering([&](const seen_request&) {
      char text[64];
      auto then = std::time(nullptr) + 2;
      std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&then));
      return ++n == 1 ? answer(429, "", "Retry-After: " + std::string{date ? text : "1"} + "\r\n")
                      : answer(200, "");
    })};
    auto began = std::chrono::steady_clock::now();
    auto got = ask(quick(server.url("http")));
    EXPECT_EQ(got.response.status, 200U);
    EXPECT_EQ(got.attempts, 2U);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_EQ(got.retry_after, 0ms);
  }
}

TEST_F(HttpFaults, GivenRetryAfterBeyondTheDeadlineWhenItComesThenTheAnswerIsGivenAtOnce) {
  wire_server server{answering([](const seen_request&) { return answer(429, "", "Retry-After: 3600\r\n"); })};
  auto began = std::chrono::steady_clock::now();
  auto got = ask(quick(server.url("http")));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_EQ(got.response.status, 429U);
  EXPECT_EQ(got.retry_after, 1h);
  EXPECT_EQ(got.attempts, 1U);
  EXPECT_EQ(metric(R"(tutti_external_requests_total{outcome="429",service="test"})"), "1");
}

TEST_F(HttpFaults, GivenServerThatIsSlowWhenTheDeadlineComesThenItMayHaveBeenHandled) {
  wire_server server{[](wire& on, std::size_t) {
    read_request(on);
    on.read_end();
  }};
  auto what = quick(server.url("http"));
  what.timeout = 100ms;
  auto began = std::chrono::steady_clock::now();
  auto got = ask(what);
  EXPECT_EQ(got.failure, http_failure::deadline);
  EXPECT_TRUE(runtime::is(to_error(got), runtime::ec::timeout));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 95ms); // curl rounds
}

TEST_F(HttpFaults, GivenServerThatDripsWhenTheDeadlineComesThenItIsOver) {
  std::atomic<bool> over{false};
  wire_server server{[&](wire& on, std::size_t) {
    read_request(on);
    on.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (!over) {
      on.write("x");
      std::this_thread::sleep_for(5ms);
    }
  }};
  auto what = quick(server.url("http"));
  what.timeout = 150ms;
  EXPECT_EQ(ask(what).failure, http_failure::deadline);
  over = true;
}

TEST_F(HttpFaults, GivenHalfAnswerOrResetOrGarbageWhenItComesThenBrokenAndGetIsRepeated) {
  const std::string halves[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
      "HTTP/1.1 200 OK\r\nContent-Le",
      "",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
      "garbage\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nno gzip"};
  for (auto& half : halves)
    for (bool reset : {false, true}) {
      wire_server server{[&](wire& on, std::size_t n) {
        read_request(on);
        on.write(n % 2 == 0 ? half : answer(200, "whole"));
        if (n % 2 == 0 && reset)
          on.reset();
      }};
      auto post = ask(quick(server.url("http"), http_method::post));
      EXPECT_EQ(post.failure, http_failure::broken) << half;
      EXPECT_FALSE(post.reason.empty());
      EXPECT_TRUE(runtime::is(to_error(post), runtime::ec::timeout));
      EXPECT_EQ(server.connections(), 1U) << half;
      EXPECT_EQ(ask(quick(server.url("http"))).response.body, "whole");
      auto repeated = ask(quick(server.url("http")));
      EXPECT_EQ(repeated.response.body, "whole") << half;
      EXPECT_EQ(repeated.attempts, 2U);
    }
}

TEST_F(HttpFaults, GivenKeptConnectionThatEndsUnderAPostWhenReusedThenThePostIsNotSentAgain) {
  std::atomic<int> posts{0};
  wire_server server{[&](wire& on, std::size_t) {
    read_request(on);
    on.write(answer(200, ""));
    auto second = read_request(on); // and then not a byte
    posts += second.head.starts_with("POST") ? 1 : 0;
  }};
  EXPECT_EQ(get(server.url("http")).response.status, 200U);
  auto got = ask(quick(server.url("http"), http_method::post));
  EXPECT_EQ(got.failure, http_failure::broken);
  EXPECT_EQ(posts, 1);
}

TEST_F(HttpFaults, GivenNobodyListeningWhenSentThenNotSentAndEvenAPostIsTriedAgain) {
  std::uint16_t port = 0;
  {
    port = wire_server{[](wire&, std::size_t) {}}.port();
  }
  auto got = ask(quick("http://127.0.0.1:" + std::to_string(port), http_method::post));
  EXPECT_EQ(got.failure, http_failure::not_sent);
  EXPECT_EQ(got.attempts, 4U);
  EXPECT_TRUE(runtime::is(to_error(got), runtime::ec::unavailable));
}

TEST_F(HttpFaults, GivenNameThatDoesNotExistWhenSentThenNotSent) {
  auto what = quick("http://no-such-host.invalid/");
  what.max_attempts = 1;
  auto got = ask(what);
  EXPECT_EQ(got.failure, http_failure::not_sent);
  EXPECT_NE(got.reason.find("resolve"), got.reason.npos) << got.reason;
}

TEST_F(HttpFaults, GivenHostThatKeepsFailingWhenTheCircuitOpensThenNothingIsSentUntilATrialWorks) {
  std::atomic<bool> well{false};
  std::atomic<int> requests{0};
  wire_server server{answering([&](const seen_request&) {
    ++requests;
    return answer(well ? 200 : 500, "");
  })};
  wire_server other{answering([&](const seen_request&) { return answer(200, ""); })};
  use({.circuits = {.failures = 3, .first_pause = 400ms, .longest_pause = 400ms}});
  http_request what{.url = server.url("http"), .repeat = http_repeat::never};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(ask(what).response.status, 500U);
  EXPECT_EQ(metric(R"(tutti_circuit_state{service="test"})"), "2");

  auto refused = ask(what);
  EXPECT_EQ(refused.failure, http_failure::circuit_open);
  EXPECT_TRUE(runtime::is(to_error(refused), runtime::ec::unavailable));
  EXPECT_GT(refused.retry_after, 0ms);
  EXPECT_LE(refused.retry_after, 400ms);
  EXPECT_EQ(requests, 3);
  EXPECT_EQ(get(other.url("http")).response.status, 200U); // of the same service, another host
  EXPECT_EQ(metric(R"(tutti_external_requests_total{outcome="circuit_open",service="test"})"), "1");

  // A trial that fails opens it again.
  EXPECT_TRUE(eventually([&] { return ask(what).failure == http_failure::none; }));
  EXPECT_EQ(requests, 4);
  EXPECT_EQ(ask(what).failure, http_failure::circuit_open);
  well = true;
  EXPECT_TRUE(eventually([&] { return ask(what).response.status == 200; }));
  EXPECT_EQ(metric(R"(tutti_circuit_state{service="test"})"), "0");
  EXPECT_EQ(ask(what).response.status, 200U);
}

TEST_F(HttpFaults, GivenHalfOpenCircuitWhenTheTrialIsUnderWayThenOthersAreRefused) {
  std::promise<void> go;
  auto may_answer = go.get_future().share();
  std::atomic<int> requests{0};
  wire_server server{answering([&](const seen_request&) {
    if (++requests > 1)
      may_answer.wait();
    return answer(requests > 1 ? 200 : 500, "");
  })};
  use({.circuits = {.failures = 1, .first_pause = 20ms, .longest_pause = 20ms}});
  http_request what{.url = server.url("http"), .repeat = http_repeat::never};
  EXPECT_EQ(ask(what).response.status, 500U);
  std::future<http_result> trial;
  EXPECT_TRUE(eventually([&] {
    trial = start(what);
    return trial.wait_for(20ms) == std::future_status::timeout;
  }));
  EXPECT_EQ(metric(R"(tutti_circuit_state{service="test"})"), "1");
  EXPECT_EQ(ask(what).failure, http_failure::circuit_open);
  go.set_value();
  EXPECT_EQ(trial.get().response.status, 200U);
  EXPECT_EQ(ask(what).response.status, 200U);
}

TEST_F(HttpFaults, GivenUserUrlToThisHostWhenSentThenRejectedUnderEveryNameAndNobodyIsCalled) {
  wire_server server{answering([](const seen_request&) { return answer(200, "secret"); })};
  auto port = ":" + std::to_string(server.port());
  for (auto* host : {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0", "[::1]",
                     "[::ffff:127.0.0.1]", "169.254.169.254"}) {
    auto got = ask({.url = "http://" + std::string{host} + port, .timeout = 3s, .public_only = true});
    EXPECT_EQ(got.failure, http_failure::rejected) << host << ": " << got.reason;
    EXPECT_EQ(got.attempts, 1U);
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpFaults, GivenKeptConnectionToThisHostWhenAUserUrlWouldReuseItThenRejected) {
  std::atomic<int> requests{0};
  wire_server server{answering([&](const seen_request&) {
    ++requests;
    return answer(200, "");
  })};
  EXPECT_EQ(get(server.url("http")).response.status, 200U);
  auto got = ask({.url = server.url("http"), .public_only = true});
  EXPECT_EQ(got.failure, http_failure::rejected);
  EXPECT_EQ(requests, 1);
}

} // namespace
} // namespace tutti::tests::services_http_client
