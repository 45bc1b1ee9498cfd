#include "runtime/jobs/job_actor.hpp"
#include "runtime/jobs/job_types.hpp"
#include "runtime/jobs/payload.hpp"

#include <set>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace tutti::runtime::jobs;

namespace {

constexpr unix_ms now = 1800000000000;

job_type type(std::string name, std::string schema = R"({"type": "object"})") {
  job_type out;
  out.name = std::move(name);
  out.schema = std::move(schema);
  out.run = [](job_actor*) { return caf::behavior{}; };
  return out;
}

struct JobTypes : testing::Test {
  job_types types;
  job_request request;

  JobTypes() {
    auto t = type("t", R"({"type": "object", "required": ["n"], "additionalProperties": false,
      "properties": {"n": {"type": "number"}, "s": {"type": "string"}, "list": {"type": "array",
      "items": {"type": "integer"}}}})");
    t.max_attempts = 9;
    t.timeout = 1500ms;
    types.add(std::move(t));
    request.type = "t";
    request.payload = R"({"n": 1, "s": "x"})";
  }
  job_spec spec(const job_request& r) const {
    auto made = types.make_spec(r, now);
    auto* out = std::get_if<job_spec>(&made);
    EXPECT_TRUE(out) << std::get<job_types::refusal>(made).detail;
    return out ? *out : job_spec{};
  }
  std::string pointer(const job_request& r) const {
    auto made = types.make_spec(r, now);
    auto* out = std::get_if<job_types::refusal>(&made);
    EXPECT_TRUE(out);
    EXPECT_FALSE(out && out->detail.empty());
    return out ? out->pointer : "accepted";
  }
  job_request with(std::function<void(job_request&)> change) const {
    auto r = request;
    change(r);
    return r;
  }
};

TEST_F(JobTypes, GivenSparseRequestWhenMadeThenDefaultsAreFilledIn) {
  auto s = spec(request);
  EXPECT_TRUE(s.id);
  EXPECT_EQ(s.type, "t");
  EXPECT_EQ(s.payload, request.payload);
  EXPECT_EQ(s.queue, "default");
  EXPECT_EQ(s.priority, priority::medium);
  EXPECT_EQ(s.max_attempts, 9u);
  EXPECT_EQ(s.timeout_ms, 1500u);
  EXPECT_EQ(s.run_at, 0);
  EXPECT_EQ(s.unique, unique_policy::none);
}

TEST_F(JobTypes, GivenDelayWhenMadeThenRunAtIsFromNow) {
  EXPECT_EQ(spec(with([](auto& r) { r.delay_ms = 250; })).run_at, now + 250);
  EXPECT_EQ(spec(with([](auto& r) { r.run_at = now + 99; })).run_at, now + 99);
}

TEST_F(JobTypes, GivenViolationsWhenMadeThenPointersIntoTheSubmission) {
  EXPECT_EQ(pointer(with([](auto& r) { r.type = "u"; })), "/type");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = "{}"; })), "/payload/n");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = R"({"n": "1"})"; })), "/payload/n");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = R"({"n": 1, "list": [1, 2.5]})"; })), "/payload/list/1");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = R"({"n": 1, "z": 1})"; })), "/payload/z");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = "[]"; })), "/payload");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = "not json"; })), "/payload");
  EXPECT_EQ(pointer(with([](auto& r) { r.payload = ""; })), "/payload");
}

TEST_F(JobTypes, GivenEqualBodiesWhenWrittenOtherwiseThenEqualPrints) {
  auto body = spec(request).body;
  auto same = [&](auto change) { return spec(with(change)).body == body; };
  EXPECT_TRUE(same([](auto& r) { r.payload = R"({"s":"x","n":1.0})"; })) << "order of members, 1 and 1.0";
  EXPECT_TRUE(same([](auto& r) { r.payload = R"({"n":1e0,"s":"\u0078"})"; }));
  EXPECT_TRUE(same([](auto& r) { r.max_attempts = 9; })) << "a default, spelt out";
  EXPECT_TRUE(same([](auto& r) { r.timeout_ms = 1500; }));
  EXPECT_TRUE(same([](auto& r) { r.idempotency_key = "k"; })) << "the key aside";
  EXPECT_TRUE(same([](auto& r) { r.trace = tutti::runtime::telemetry::trace_context::new_root(); }));
}

TEST_F(JobTypes, GivenOtherBodiesWhenMadeThenOtherPrints) {
  std::set<fingerprint> prints{spec(request).body};
  std::size_t n = 1;
  auto differs = [&](auto change) { return prints.insert(spec(with(change)).body).second && ++n; };
  EXPECT_TRUE(differs([](auto& r) { r.payload = R"({"n": 2, "s": "x"})"; }));
  EXPECT_TRUE(differs([](auto& r) { r.payload = R"({"n": 1})"; }));
  EXPECT_TRUE(differs([](auto& r) { r.queue = "q"; }));
  EXPECT_TRUE(differs([](auto& r) { r.key = "q"; }));
  EXPECT_TRUE(differs([](auto& r) { r.priority = priority::low; }));
  EXPECT_TRUE(differs([](auto& r) { r.delay_ms = 5; }));
  EXPECT_TRUE(differs([](auto& r) { r.run_at = 5; }));
  EXPECT_TRUE(differs([](auto& r) { r.max_attempts = 5; }));
  EXPECT_TRUE(differs([](auto& r) { r.timeout_ms = 5; }));
  EXPECT_EQ(prints.size(), n);
}

TEST_F(JobTypes, GivenUniqueTypeWhenMadeThenValueIsOfPayloadKeyAndQueue) {
  auto u = type("u");
  u.unique = unique_policy::keep;
  types.add(std::move(u));
  auto make = [&](auto change) {
    auto r = with(change);
    r.type = "u";
    auto s = spec(r);
    EXPECT_EQ(s.unique, unique_policy::keep);
    return s.unique_value;
  };
  auto value = make([](auto&) {});
  EXPECT_EQ(make([](auto& r) { r.payload = R"({"s": "x", "n": 1.0})"; }), value);
  EXPECT_EQ(make([](auto& r) { r.priority = priority::high; }), value);
  EXPECT_NE(make([](auto& r) { r.payload = R"({"s": "y", "n": 1})"; }), value);
  EXPECT_NE(make([](auto& r) { r.key = "k"; }), value);
  EXPECT_NE(make([](auto& r) { r.queue = "k"; }), value);
}

TEST_F(JobTypes, GivenMistakesInTheCodeWhenAddedThenThrows) {
  EXPECT_THROW(types.add(type("t")), std::invalid_argument) << "taken";
  EXPECT_THROW(types.add(type("s", "{")), std::invalid_argument);
  EXPECT_THROW(types.add(type("s", R"({"type": "objekt"})")), std::invalid_argument);
  auto bad = [&](auto change) {
    auto t = type("s");
    change(t);
    EXPECT_THROW(types.add(std::move(t)), std::invalid_argument);
  };
  bad([](auto& t) { t.run = nullptr; });
  bad([](auto& t) { t.max_attempts = 0; });
  bad([](auto& t) { t.timeout = 0ms; });
  bad([](auto& t) { t.timeout = std::chrono::hours{24 * 60}; });
  EXPECT_EQ(types.all().size(), 1u);
  EXPECT_EQ(types.find("s"), nullptr);
}

TEST(PayloadReader, GivenMembersWhenReadThenOnlyOfTheirKind) {
  std::string text =
      R"({"i": -7, "s": "a\u0000b", "b": true, "f": 1.5, "big": 18446744073709551615, "n": null})";
  payload_reader r{text};
  EXPECT_EQ(r.integer("i"), -7);
  EXPECT_EQ(r.string("s"), (std::string{"a\0b", 3}));
  EXPECT_EQ(r.boolean("b"), true);
  for (auto member : {"s", "b", "f", "big", "n", "none"})
    EXPECT_FALSE(r.integer(member)) << member;
  for (auto member : {"i", "b", "f", "n", "none"})
    EXPECT_FALSE(r.string(member)) << member;
  EXPECT_FALSE(r.boolean("i"));
}

TEST(PayloadReader, GivenNoObjectWhenReadThenNothing) {
  for (auto& text : std::vector<std::string>{"", "[1]", "7", "{", R"({"i": 1} x)", std::string(100000, '[')})
    EXPECT_FALSE(payload_reader{text}.integer("i")) << text.substr(0, 20);
}

} // namespace
