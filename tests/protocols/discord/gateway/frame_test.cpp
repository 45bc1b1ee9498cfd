#include "protocols/discord/gateway/event_names.hpp"
#include "protocols/discord/gateway/frame.hpp"
#include "tests/protocols/discord/outcomes.hpp"

#include <string>

namespace tutti::tests::discord {
namespace {

using namespace protocols::discord;

TEST(Frame, GivenDispatchWhenParsedThenItsPartsInAnyOrder) {
  for (std::string_view text :
       {R"({"op":0,"d":{"a":[1]},"s":42,"t":"READY"})", R"({"t":"READY","s":42,"op":0,"d":{"a":[1]}})",
        R"( { "d" : {"a":[1]} , "_trace" : ["x",{"op":3}] , "s":42, "t":"READY", "op":0 } )"}) {
    auto x = value_of(parse_frame(text));
    EXPECT_TRUE(x.is(opcode::dispatch));
    EXPECT_EQ(x.seq, 42);
    EXPECT_EQ(x.event, "READY");
    EXPECT_EQ(x.d, R"({"a":[1]})");
  }
}

TEST(Frame, GivenFramesWithoutADispatchWhenParsedThenNoSequence) {
  auto hello = value_of(parse_frame(R"({"op":10,"d":{"heartbeat_interval":41250},"s":null,"t":null})"));
  EXPECT_TRUE(hello.is(opcode::hello));
  EXPECT_EQ(hello.seq, std::nullopt);
  EXPECT_EQ(hello.event, "");
  EXPECT_EQ(value_of(decode_hello(hello.d)), 41250);
  EXPECT_TRUE(value_of(parse_frame(R"({"op":11})")).is(opcode::heartbeat_ack));
  EXPECT_EQ(value_of(parse_frame(R"({"op":11})")).d, "null");
  EXPECT_TRUE(value_of(parse_frame(R"({"op":7,"d":null})")).is(opcode::reconnect));
  EXPECT_TRUE(value_of(parse_frame(R"({"op":1,"d":null})")).is(opcode::heartbeat));
}

TEST(Frame, GivenOpsOfTomorrowWhenParsedThenTheyAreTaken) {
  EXPECT_EQ(value_of(parse_frame(R"({"op":77,"d":[1,2],"new":{"x":{}}})")).op, 77);
  EXPECT_EQ(value_of(parse_frame(R"({"op":-1})")).op, -1);
}

TEST(Frame, GivenWrongTypesWhenParsedThenTheFieldIsNamed) {
  EXPECT_EQ(refusal_of(parse_frame(R"({"d":1})")), "op: is missing");
  EXPECT_EQ(refusal_of(parse_frame(R"({"op":"0"})")), "op: must be an integer");
  EXPECT_EQ(refusal_of(parse_frame(R"({"op":0,"s":"1"})")), "s: must be an integer");
  EXPECT_EQ(refusal_of(parse_frame(R"({"op":0,"t":7})")), "t: must be a string");
  EXPECT_EQ(refusal_of(parse_frame("[]")), "must be an object");
  EXPECT_EQ(refusal_of(parse_frame("")), "must be an object");
  EXPECT_NE(refusal_of(parse_frame(R"({"op":0} x)")), "");
}

TEST(Frame, GivenContentThatIsNotJsonWhenParsedThenRefusedThoughNobodyReadsIt) {
  EXPECT_NE(refusal_of(parse_frame(R"({"op":0,"t":"X","d":{"a":tru}})")), "");
  EXPECT_NE(refusal_of(parse_frame("{\"op\":0,\"d\":\"\xFF\"}")), "");
  EXPECT_NE(refusal_of(parse_frame(R"({"op":0,"d":)" + std::string(64, '[') + std::string(64, ']') + "}")),
            "");
}

TEST(Frame, GivenEveryTruncationWhenParsedThenRefused) {
  const std::string whole =
      R"({"t":"GUILD_CREATE","s":9,"op":0,"d":{"id":"1","x":[null,true,-1.5e2,"\u00e4"]}})";
  value_of(parse_frame(whole));
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(refusal_of(parse_frame(whole.substr(0, n))), "") << n;
}

TEST(Frame, GivenTooLongAFrameWhenParsedThenRefused) {
  auto text = R"({"op":0,"d":")" + std::string(max_frame_bytes, 'x') + "\"}";
  EXPECT_EQ(refusal_of(parse_frame(text)), "is longer than a frame may be");
}

TEST(Frame, GivenHelloWhenOutOfBoundsThenRefused) {
  EXPECT_EQ(refusal_of(decode_hello(R"({})")), "d.heartbeat_interval: is missing");
  EXPECT_EQ(refusal_of(decode_hello(R"({"heartbeat_interval":0})")), "d.heartbeat_interval: is out of range");
  EXPECT_EQ(refusal_of(decode_hello(R"({"heartbeat_interval":600001})")),
            "d.heartbeat_interval: is out of range");
  EXPECT_EQ(refusal_of(decode_hello("null")), "d: must be an object");
  EXPECT_EQ(value_of(decode_hello(R"({"heartbeat_interval":1,"_trace":[]})")), 1);
}

TEST(Frame, GivenInvalidSessionWhenDecodedThenWhetherToResume) {
  EXPECT_TRUE(value_of(decode_invalid_session("true")));
  EXPECT_FALSE(value_of(decode_invalid_session("false")));
  EXPECT_EQ(refusal_of(decode_invalid_session("null")), "d: must be a boolean");
}

TEST(EventNames, GivenEachNameWhenLookedUpThenItself) {
  for (int i = 1; i <= static_cast<int>(event::message_create); ++i)
    EXPECT_EQ(event_of(name_of(static_cast<event>(i))), static_cast<event>(i));
  EXPECT_EQ(event_of("GUILD_CREATE"), event::guild_create);
  EXPECT_EQ(event_of("other"), event::other);
  EXPECT_EQ(event_of("TYPING_START"), event::other);
  EXPECT_EQ(event_of(""), event::other);
}

} // namespace
} // namespace tutti::tests::discord
