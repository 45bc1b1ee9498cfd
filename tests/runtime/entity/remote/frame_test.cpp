#include "runtime/entity/remote/frame.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests::frames {
namespace {

using runtime::entity::call_item;
using runtime::entity::failure_item;
using runtime::entity::frame_writer;
using runtime::entity::item_kind;
using runtime::entity::read_frame;
using runtime::entity::reply_item;
using runtime::wire::writer;

/// What a frame held, in words.
struct noted {
  std::vector<std::string> all;
  void call(item_kind kind, const call_item& x, std::string_view payload) {
    all.push_back("call " + std::to_string(static_cast<int>(kind)) + " " + std::to_string(x.id) + " "
                  + std::to_string(x.budget_ms) + " " + std::to_string(x.hops) + " " + std::string{x.type}
                  + "/" + std::string{x.key} + " " + std::string{x.message} + " " + std::string{payload} + " "
                  + (x.trace ? x.trace.format() : "-"));
  }
  void reply(const reply_item& x) {
    all.push_back("reply " + std::to_string(x.id) + " " + std::string{x.payload});
  }
  void failure(const failure_item& x) {
    all.push_back("failure " + std::to_string(x.id) + " " + std::to_string(x.code) + " "
                  + std::string{x.words});
  }
  void look_at_table() { all.push_back("look"); }
};

call_item sample_call() {
  call_item x;
  x.id = 7;
  x.budget_ms = 2'000;
  x.hops = 1;
  x.type = "player";
  x.key = std::string_view{"a\0b", 3};
  x.message = "play";
  x.trace =
      *runtime::telemetry::trace_context::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  return x;
}

std::string sample() {
  std::string out;
  frame_writer w{out};
  w.call(item_kind::ask, sample_call(), [](std::string& p) { p += "payload"; });
  w.reply(UINT64_MAX, "answer");
  w.failure({9, 1, "try again"});
  w.look_at_table();
  return out;
}

TEST(RemoteFrame, GivenItemsOfEachKindWhenReadThenTheyAreTheSameInOrder) {
  noted got;
  EXPECT_TRUE(read_frame(sample(), got));
  EXPECT_EQ(got.all, (std::vector<std::string>{
                         "call 1 7 2000 1 player/" + std::string("a\0b", 3)
                             + " play payload 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                         "reply 18446744073709551615 answer", "failure 9 1 try again", "look"}));
}

TEST(RemoteFrame, GivenOtherVersionOrNothingWhenReadThenRefused) {
  noted got;
  EXPECT_FALSE(read_frame("", got));
  auto other = sample();
  other[0] = 2;
  EXPECT_FALSE(read_frame(other, got));
  EXPECT_TRUE(got.all.empty());
}

TEST(RemoteFrame, GivenUnknownKindsAndAppendedMembersWhenReadThenTheyAreSkipped) {
  std::string frame;
  frame_writer w{frame};
  w.reply(1, "a");
  writer raw{frame};
  raw.number(99); // of a newer build
  raw.bytes("whatever");
  raw.number(300); // a kind of two bytes
  raw.bytes("");
  std::string body;
  writer in{body};
  in.number(2);
  in.bytes("b");
  in.bytes("a member of a newer build");
  raw.number(static_cast<std::uint64_t>(item_kind::reply));
  raw.bytes(body);
  w.reply(3, "c");
  noted got;
  EXPECT_TRUE(read_frame(frame, got));
  EXPECT_EQ(got.all, (std::vector<std::string>{"reply 1 a", "reply 2 b", "reply 3 c"}));
}

TEST(RemoteFrame, GivenCodeThatIsNoneOfOursWhenReadThenItIsNotTakenForOne) {
  std::string frame;
  frame_writer{frame}.failure({1, 257, "x"});
  noted got;
  EXPECT_TRUE(read_frame(frame, got));
  EXPECT_EQ(got.all, std::vector<std::string>{"failure 1 257 x"});
}

TEST(RemoteFrame, GivenEveryTruncationWhenReadThenOnlyWholeItemsAreDelivered) {
  auto whole = sample();
  noted all;
  read_frame(whole, all);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    std::vector<char> exact{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)};
    noted got;
    read_frame({exact.data(), exact.size()}, got);
    ASSERT_LT(got.all.size(), all.all.size());
    for (std::size_t i = 0; i < got.all.size(); ++i)
      EXPECT_EQ(got.all[i], all.all[i]);
  }
}

TEST(RemoteFrame, GivenRandomBytesWhenReadThenNoHarm) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  auto whole = sample();
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = whole;
    for (auto n = 1 + random() % 6; n > 0; --n)
      bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
    noted got;
    refused += !read_frame(bytes, got);
    EXPECT_LT(got.all.size(), bytes.size());
  }
  EXPECT_GT(refused, 1'000u);
}

} // namespace
} // namespace tutti::tests::frames
