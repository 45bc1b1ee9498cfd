#include "services/cli/client/submitter.hpp"
#include "tests/services/cli/stub_server.hpp"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tutti::services::cli;
using namespace std::chrono_literals;
using tutti::tests::response;
using tutti::tests::stub_server;

namespace {

/// Accepts every line; the id is the line's key.
std::string accept_all(const std::string& body) {
  std::string out;
  std::istringstream lines{body};
  for (std::string line; std::getline(lines, line);)
    out += R"({"id":")" + json::parse(line)->operator[]("idempotencyKey").text()
           + R"(","status":"queued","deduplicated":false})" + "\n";
  return response(200, out, "application/x-ndjson");
}

const std::string busy_line =
    R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"the job store is full"})";

job_batch batch_of(int lines) {
  job_batch out;
  for (int i = 0; i < lines; ++i)
    out.lines.push_back(
        {static_cast<std::uint64_t>(i + 1), R"({"idempotencyKey":"k)" + std::to_string(i) + R"("})"});
  return out;
}

std::vector<line_answer> send(const stub_server& to, const job_batch& batch,
                              std::vector<std::string>* waits = nullptr,
                              std::chrono::milliseconds patience = 60s) {
  signals stop;
  http_client client{{.url = to.url(), .timeout = 5s}};
  api node{client};
  return submitter{node,
                   stop,
                   {patience,
                    [&](const std::string& why) {
                      if (waits)
                        waits->push_back(why);
                    }}}
      .send(batch);
}

TEST(Submitter, GivenABusyNodeWhenSentThenTheSameBodyIsSentAgainAfterRetryAfter) {
  std::vector<std::string> bodies;
  stub_server server{[&](std::size_t n, auto&, auto& body) {
    bodies.push_back(body);
    if (n < 2)
      return response(n == 0 ? 503 : 429, busy_line, "application/problem+json", "Retry-After: 1\r\n");
    return accept_all(body);
  }};
  std::vector<std::string> waits;
  auto begin = std::chrono::steady_clock::now();
  auto answers = send(server, batch_of(3), &waits);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 2s);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2].id, "k2");
  EXPECT_EQ(waits.size(), 2u);
  ASSERT_EQ(bodies.size(), 3u);
  EXPECT_EQ(bodies[0], bodies[2]);
}

TEST(Submitter, GivenSomeLinesNotTakenWhenSentThenOnlyThoseAreSentAgain) {
  std::vector<std::string> bodies;
  stub_server server{[&](std::size_t n, auto&, auto& body) {
    bodies.push_back(body);
    if (n > 0)
      return accept_all(body);
    return response(
        200,
        R"({"id":"k0","status":"queued","deduplicated":true})"
        "\n" + busy_line
            + "\n"
              R"({"title":"Unprocessable Content","status":422,"detail":"no","errors":[{"pointer":"/type","detail":"is required"}]})"
              "\n",
        "application/x-ndjson");
  }};
  auto answers = send(server, batch_of(3));
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0].accepted && answers[0].deduplicated);
  EXPECT_TRUE(answers[1].accepted);
  EXPECT_FALSE(answers[2].accepted);
  EXPECT_EQ(answers[2].problem, "Unprocessable Content (422): no; /type is required");
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_EQ(bodies[1], "{\"idempotencyKey\":\"k1\"}\n");
}

TEST(Submitter, GivenAConnectionCutBeforeTheAnswerWhenSentThenItIsRepeated) {
  stub_server server{
      [&](std::size_t n, auto&, auto& body) { return n == 0 ? std::string{} : accept_all(body); }};
  EXPECT_TRUE(send(server, batch_of(1)).at(0).accepted);
}

TEST(Submitter, GivenANodeThatStaysBusyWhenSentThenItGivesUpWithTheReason) {
  stub_server server{
      [&](auto, auto&, auto&) { return response(503, busy_line, "application/problem+json"); }};
  try {
    send(server, batch_of(1), nullptr, 500ms);
    FAIL() << "should have given up";
  } catch (const failure& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("the job store is full"));
    EXPECT_THAT(e.what(), testing::HasSubstr("gave up"));
  }
}

TEST(Submitter, GivenTooFewAnswersWhenSentThenItFails) {
  stub_server server{[&](auto, auto&, auto&) { return response(200, "{\"id\":\"k0\"}\n"); }};
  EXPECT_THROW(send(server, batch_of(2)), failure);
}

TEST(Submitter, GivenARefusedBatchWhenSentThenItFailsAtOnceWithTheHint) {
  stub_server server{[&](auto, auto&, auto&) {
    return response(401, R"({"title":"Unauthorized","status":401,"detail":"needs the admin token"})");
  }};
  try {
    send(server, batch_of(1));
    FAIL() << "should have failed";
  } catch (const failure& e) {
    EXPECT_STREQ(e.what(),
                 "POST /jobs/batch: Unauthorized (401): needs the admin token; give the token by --token "
                 "or $TUTTI_TOKEN");
  }
}

TEST(Api, GivenAnAnswerThatIsNotJsonWhenReadThenTheLineSaysSo) {
  stub_server server{[&](auto, auto&, auto&) { return response(200, "<html>\x1b[31m", "text/html"); }};
  http_client client{{.url = server.url(), .timeout = 5s}};
  try {
    api{client}.get("/jobs");
    FAIL() << "should have failed";
  } catch (const failure& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("is not JSON"));
  }
}

TEST(Api, GivenTheTokenWhenAskedThenItGoesIntoTheHeader) {
  std::string head;
  stub_server server{[&](auto, auto& h, auto&) {
    head = h;
    return response(200, "{}");
  }};
  http_client client{{.url = server.url(), .token = "s3cret", .timeout = 5s}};
  api{client}.get("/jobs", {{"queue", "a b&c"}, {"type", ""}});
  EXPECT_THAT(head, testing::HasSubstr("GET /jobs?queue=a%20b%26c HTTP/1.1"));
  EXPECT_THAT(head, testing::HasSubstr("Authorization: Bearer s3cret"));
}

TEST(Api, GivenAListThatRepeatsItsCursorWhenPagedThenItEnds) {
  stub_server server{[&](auto, auto&, auto&) { return response(200, R"({"items":[1],"nextCursor":"x"})"); }};
  http_client client{{.url = server.url(), .timeout = 5s}};
  EXPECT_THROW(api{client}.each_page("/jobs", {}, 0, [](auto&) {}), failure);
}

TEST(Json, GivenHostileNestingWhenParsedThenItIsRefused) {
  EXPECT_FALSE(json::parse(std::string(1'000'000, '[')));
  EXPECT_TRUE(json::parse(std::string(100, '[') + std::string(100, ']')));
}

} // namespace
