#include "runtime/telemetry/log.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

using namespace tutti::runtime::telemetry;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// Outside the anonymous namespace: fmt finds the formatter of a named type.
struct costly {
  int* formatted;
};
template <>
struct fmt::formatter<costly> {
  constexpr auto parse(format_parse_context& ctx) { return ctx.begin(); }
  template <class Context>
  auto format(const costly& c, Context& ctx) const {
    ++*c.formatted;
    return fmt::format_to(ctx.out(), "costly");
  }
};
struct throwing {};
template <>
struct fmt::formatter<throwing> {
  constexpr auto parse(format_parse_context& ctx) { return ctx.begin(); }
  template <class Context>
  auto format(const throwing&, Context& ctx) const -> decltype(ctx.out()) {
    throw std::runtime_error("no text\nfor this");
  }
};

namespace {

struct Logger : testing::Test {
  std::shared_ptr<log_capture> capture = std::make_shared<log_capture>();

  logger make(bool json, std::vector<std::string> secrets = {}, level threshold = level::info) {
    return logger{{threshold, json, "a", std::move(secrets), capture}};
  }
  std::string line() {
    auto all = capture->lines();
    return all.empty() ? "" : all.back();
  }
  rapidjson::Document parsed() {
    rapidjson::Document d;
    auto text = line();
    d.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
    EXPECT_FALSE(d.HasParseError()) << text;
    return d;
  }
};

TEST_F(Logger, GivenJsonWhenLoggedThenOneObjectWithAllFields) {
  make(true).warn("player.rejoin guild={} attempt={}", 42, 3);
  auto d = parsed();
  EXPECT_STREQ(d["level"].GetString(), "warn");
  EXPECT_STREQ(d["node"].GetString(), "a");
  EXPECT_STREQ(d["event"].GetString(), "player.rejoin");
  EXPECT_STREQ(d["message"].GetString(), "player.rejoin guild=42 attempt=3");
  EXPECT_THAT(d["time"].GetString(), testing::MatchesRegex("[0-9]{4}-..-..T..:..:..[.][0-9]{3}Z"));
  EXPECT_FALSE(d.HasMember("trace"));
  EXPECT_FALSE(d.HasMember("job"));
}

TEST_F(Logger, GivenConsoleWhenLoggedThenOneReadableLine) {
  make(false).error("node.stop code={}", 3);
  EXPECT_THAT(line(), EndsWith("Z ERROR a node.stop code=3"));
}

TEST_F(Logger, GivenContextWhenLoggedThenInEachLineOfThatLoggerOnly) {
  auto log = make(true);
  auto trace = trace_context::new_root();
  auto child = log.with({trace, "job-1"});
  child.info("job.start");
  EXPECT_EQ(parsed()["trace"].GetString(), trace.trace_id_hex());
  EXPECT_STREQ(parsed()["job"].GetString(), "job-1");
  log.info("job.start");
  EXPECT_FALSE(parsed().HasMember("trace"));
  make(false).with({trace, "j\n2"}).info("x.y");
  EXPECT_THAT(line(), EndsWith(" x.y trace=" + trace.trace_id_hex() + " job=j\\n2"));
}

TEST_F(Logger, GivenLevelWhenBelowThenNeitherWrittenNorFormatted) {
  auto log = make(true);
  int formatted = 0;
  log.debug("a.b {}", costly{&formatted});
  EXPECT_EQ(formatted, 0);
  log.set_level(level::debug);
  log.debug("a.b {}", costly{&formatted});
  log.trace("a.b {}", costly{&formatted});
  EXPECT_EQ(formatted, 1);
  log.set_level(level::off);
  log.error("a.b");
  EXPECT_THAT(capture->lines(), SizeIs(1));
}

TEST_F(Logger, GivenInjectionWhenLoggedThenStillOneLine) {
  std::string evil =
      "x\n{\"time\":\"2020\",\"level\":\"error\",\"message\":\"forged\"}\r\n\x1B[31m\xE2\x80\xA8\"}";
  make(true).info("track.title title={}", evil);
  EXPECT_EQ(line().find_first_of("\n\r\x1B"), std::string::npos);
  EXPECT_EQ(parsed()["message"].GetString(), "track.title title=" + evil);
  make(false).info("track.title title={}", evil);
  EXPECT_EQ(line().find_first_of("\n\r\x1B"), std::string::npos);
  EXPECT_THAT(line(), HasSubstr("title=x\\n{"));
}

TEST_F(Logger, GivenAnyBytesWhenLoggedThenValidJson) {
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  make(true).info("a.b v={}", bytes + "\xF0\x9F\x8E" + bytes);
  EXPECT_TRUE(parsed().IsObject());
}

TEST_F(Logger, GivenHostileNodeAndJobWhenLoggedThenValidJson) {
  logger log{{level::info, true, "n\"\n\xFF", {}, capture}};
  log.with({{}, "\"j\"\x01"}).info("a.b");
  EXPECT_STREQ(parsed()["job"].GetString(), "\"j\"\x01");
}

TEST_F(Logger, GivenSecretsWhenLoggedThenInNoLine) {
  const std::string secret = "hunter2-\"quoted\"";
  for (bool json : {true, false}) {
    auto log = make(json, {secret});
    log.info("a.b v={}", secret);
    log.info("{}", secret);
    log.info("a.b body={{\"v\":\"hunter2-\\\"quoted\\\"\"}}");
    log.info("a.b url=https://x/?q=hunter2-%22quoted%22");
    log.info("http.call Authorization: Bearer eyJabc");
    log.info("redis.connect url={}", "redis://u:hidden@h");
  }
  ASSERT_THAT(capture->lines(), SizeIs(12));
  for (auto& each : capture->lines()) {
    EXPECT_THAT(each, Not(HasSubstr("hunter2"))) << each;
    EXPECT_THAT(each, Not(HasSubstr("eyJabc"))) << each;
    EXPECT_THAT(each, Not(HasSubstr("hidden"))) << each;
    EXPECT_THAT(each, HasSubstr("***")) << each;
  }
}

TEST_F(Logger, GivenSecretAcrossTheCutWhenLoggedThenNoHalfOfIt) {
  auto log = make(true, {"secret-secret-secret"});
  log.info("{}secret-secret-secret{}", std::string(16 * 1024 - 10, 'x'), std::string(1000, 'y'));
  EXPECT_THAT(line(), Not(HasSubstr("secret")));
}

TEST_F(Logger, GivenHugeMessageWhenLoggedThenCut) {
  make(true).info("a.b v={}", std::string(1'000'000, 'x'));
  EXPECT_LT(line().size(), 20'000U);
  EXPECT_THAT(parsed()["message"].GetString(), EndsWith(" bytes)"));
}

TEST_F(Logger, GivenMessageWithoutEventNameWhenLoggedThenNoEventField) {
  make(true).info("Hello, world");
  EXPECT_FALSE(parsed().HasMember("event"));
  make(true).info("{} x", "E\"vil");
  EXPECT_FALSE(parsed().HasMember("event"));
}

TEST_F(Logger, GivenArgumentThatCannotBeFormattedWhenLoggedThenSaysSo) {
  make(true).info("a.b v={}", throwing{});
  EXPECT_STREQ(parsed()["event"].GetString(), "log.failed");
}

TEST_F(Logger, GivenManyThreadsWhenLoggedThenEveryLineWhole) {
  auto log = make(true);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([log, t] {
      for (int i = 0; i < 250; ++i)
        log.info("thread.line t={} i={}", t, i);
    });
  for (auto& thread : threads)
    thread.join();
  ASSERT_THAT(capture->lines(), SizeIs(1000));
  for (auto& each : capture->lines()) {
    rapidjson::Document d;
    ASSERT_FALSE(d.Parse(each.c_str()).HasParseError()) << each;
  }
}

TEST_F(Logger, GivenProcessLogWhenInitThenHandlesFromBeforeFollow) {
  auto early = get().with({{}, "j"});
  init({level::debug, true, "b", {"top-secret"}, capture});
  early.debug("a.b v={}", "top-secret");
  EXPECT_STREQ(parsed()["message"].GetString(), "a.b v=***");
  EXPECT_STREQ(parsed()["node"].GetString(), "b");
  init({.threshold = level::off});
  get().error("a.b");
  EXPECT_THAT(capture->lines(), SizeIs(1));
}

TEST_F(Logger, GivenStderrWhenLoggedThenOneLineThere) {
  testing::internal::CaptureStderr();
  logger{{level::info, true, "a", {}, nullptr}}.info("a.b c={}", 1);
  auto out = testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, EndsWith("\"message\":\"a.b c=1\"}\n"));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1);
}

} // namespace
