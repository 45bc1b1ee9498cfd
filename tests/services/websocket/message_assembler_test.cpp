#include "services/websocket/message_assembler.hpp"
#include "tests/services/websocket/support.hpp"

#include <gtest/gtest.h>

namespace tutti::tests::services_websocket {
namespace {

using services::websocket::message_assembler;
using verdict = message_assembler::verdict;

constexpr auto zlib = transport_compression::zlib_stream;
constexpr std::size_t megabyte = 1024 * 1024;

TEST(MessageAssembler, GivenPackedTextsWhenCutAtEveryByteThenTheSameTextsComeOut) {
  packer pack;
  std::string first = R"({"op":10,"d":{"heartbeat_interval":41250},"s":null,"t":null})";
  std::string second = std::string(2000, 'a') + std::string("\x00\x00\xff\xff", 4) + "end";
  auto one = pack(first), two = pack(second);
  auto whole = one + two;
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    message_assembler made{zlib, megabyte};
    std::vector<std::string> texts;
    // Both as fragments of a message and as messages of their own.
    auto add = [&](std::string_view piece, bool last) {
      auto said = made.add(piece, true, last);
      ASSERT_TRUE(said == verdict::more || said == verdict::text) << cut;
      if (said == verdict::text)
        texts.push_back(made.take());
    };
    auto in_one = std::string_view{one}, in_two = std::string_view{two};
    bool fragments = cut % 2 == 0;
    auto at = std::min(cut, one.size());
    add(in_one.substr(0, at), !fragments && at > 0);
    if (at < one.size() || texts.empty())
      add(in_one.substr(at), true);
    at = cut > one.size() ? cut - one.size() : 0;
    add(in_two.substr(0, at), !fragments && at > 0);
    if (at < two.size() || texts.size() < 2)
      add(in_two.substr(at), true);
    ASSERT_EQ(texts.size(), 2U) << cut;
    EXPECT_EQ(texts[0], first);
    EXPECT_EQ(texts[1], second);
  }
}

TEST(MessageAssembler, GivenPackedTextWhenItComesByteByByteInMessagesOfTheirOwnThenItIsMadeWhole) {
  packer pack;
  auto bytes = pack("hello");
  bytes += pack("world");
  message_assembler made{zlib, megabyte};
  std::vector<std::string> texts;
  for (auto& byte : bytes)
    if (made.add({&byte, 1}, true, true) == verdict::text)
      texts.push_back(made.take());
  EXPECT_EQ(texts, (std::vector<std::string>{"hello", "world"}));
}

TEST(MessageAssembler, GivenBombWhenUnpackedThenItStopsAtTheBound) {
  packer pack;
  auto bomb = pack(std::string(64 * megabyte, '\0'));
  ASSERT_LT(bomb.size(), megabyte / 2);
  message_assembler made{zlib, megabyte};
  EXPECT_EQ(made.add(bomb, true, true), verdict::too_large);
  EXPECT_LE(made.take().capacity(), 2 * megabyte);
}

TEST(MessageAssembler, GivenTextOfExactlyTheBoundWhenUnpackedThenItIsTaken) {
  packer pack;
  message_assembler made{zlib, 2 * megabyte};
  EXPECT_EQ(made.add(pack(std::string(2 * megabyte, 'x')), true, true), verdict::text);
  EXPECT_EQ(made.take().size(), 2 * megabyte);
  EXPECT_EQ(made.add(pack(std::string(2 * megabyte + 1, 'x')), true, true), verdict::too_large);
}

TEST(MessageAssembler, GivenEndlessEmptyBlocksWhenTheyComeThenTheBoundHoldsForThemToo) {
  packer pack;
  message_assembler made{zlib, 1000};
  ASSERT_EQ(made.add(pack("x"), true, false), verdict::more);
  std::string empty{"\x00\x00\x00\xff\xff", 5}; // a stored block without content
  verdict said = verdict::more;
  for (int i = 0; i < 1000 && said == verdict::more; ++i)
    said = made.add(empty, true, false);
  EXPECT_EQ(said, verdict::too_large);
}

TEST(MessageAssembler, GivenGarbageWhenUnpackedThenCorrupt) {
  message_assembler made{zlib, megabyte};
  EXPECT_EQ(made.add("this is no zlib stream", true, true), verdict::corrupt);

  packer pack;
  auto good = pack(std::string(1000, 'g') + "and more that differs 0123456789");
  message_assembler other{zlib, megabyte};
  for (std::size_t i = 2; i < good.size(); ++i)
    good[i] = static_cast<char>(good[i] ^ 0x55);
  EXPECT_EQ(other.add(good, true, true), verdict::corrupt);
}

TEST(MessageAssembler, GivenEndedStreamWhenMoreComesThenCorrupt) {
  // zlib's own form of "a", with an end.
  std::string ended{"\x78\x9c\x4b\x04\x00\x00\x62\x00\x62", 9};
  message_assembler made{zlib, megabyte};
  EXPECT_EQ(made.add(ended, true, true), verdict::corrupt);
}

TEST(MessageAssembler, GivenCompressionWhenAPlainTextComesBetweenThenItIsTakenAndWithinOneRefused) {
  packer pack;
  message_assembler made{zlib, megabyte};
  ASSERT_EQ(made.add(pack("packed"), true, true), verdict::text);
  EXPECT_EQ(made.take(), "packed");
  ASSERT_EQ(made.add("plain", false, true), verdict::text);
  EXPECT_EQ(made.take(), "plain");
  auto bytes = pack("half");
  ASSERT_EQ(made.add(bytes.substr(0, 3), true, true), verdict::more);
  EXPECT_EQ(made.add("plain", false, true), verdict::corrupt);
}

TEST(MessageAssembler, GivenNoCompressionWhenBinaryComesThenItIsRefusedAndTextsAreBounded) {
  message_assembler made{transport_compression::none, 10};
  EXPECT_EQ(made.add("0123456789", false, true), verdict::text);
  EXPECT_EQ(made.take(), "0123456789");
  EXPECT_EQ(made.add("01234", false, false), verdict::more);
  EXPECT_EQ(made.add("012345", false, true), verdict::too_large);
  EXPECT_EQ(message_assembler(transport_compression::none, 10).add("x", true, true), verdict::binary);
}

} // namespace
} // namespace tutti::tests::services_websocket
