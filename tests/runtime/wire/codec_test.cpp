#include "tests/runtime/wire/samples.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace tutti::tests::codec {
namespace {

using runtime::wire::decode;
using runtime::wire::encode;

template <class T>
void expect_back(const T& x) {
  auto back = decode<T>(encode(x));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, x);
}

template <class T>
void expect_limits() {
  using limits = std::numeric_limits<T>;
  for (T x : {limits::min(), T(limits::min() + 1), T(0), T(1), T(63), T(64), T(127), T(limits::max() - 1),
              limits::max()})
    expect_back(x);
}

TEST(WireCodec, GivenIntegersAtTheirLimitsWhenReadBackThenTheyAreTheSame) {
  expect_limits<std::int8_t>();
  expect_limits<std::uint8_t>();
  expect_limits<std::int16_t>();
  expect_limits<std::uint16_t>();
  expect_limits<std::int32_t>();
  expect_limits<std::uint32_t>();
  expect_limits<std::int64_t>();
  expect_limits<std::uint64_t>();
  for (unsigned bit = 0; bit < 64; ++bit) {
    expect_back(std::uint64_t{1} << bit);
    expect_back((std::uint64_t{1} << bit) - 1);
    expect_back(-static_cast<std::int64_t>((std::uint64_t{1} << bit) - 1));
  }
}

TEST(WireCodec, GivenKnownValuesWhenWrittenThenTheBytesAreThoseOfTheFormat) {
  EXPECT_EQ(encode(std::uint64_t{300}), "\xac\x02"); // the example of LEB128 and of protocol buffers
  EXPECT_EQ(encode(std::int64_t{-1}), "\x01");
  EXPECT_EQ(encode(std::int64_t{1}), "\x02");
  EXPECT_EQ(encode(point{-1, 64}), (std::string{"\x03\x01\x80\x01", 4}));
  EXPECT_EQ(encode(std::string{"ab"}), "\x02"
                                       "ab");
}

TEST(WireCodec, GivenStructOfEverythingWhenReadBackThenItIsTheSame) {
  expect_back(full());
  expect_back(everything{});
}

TEST(WireCodec, GivenNestedStructLongerThanALengthByteWhenReadBackThenItIsTheSame) {
  for (std::size_t size : {100U, 127U, 128U, 129U, 16'383U, 16'384U, 100'000U}) {
    everything x;
    x.text = std::string(size, 'x');
    expect_back(std::vector<everything>{x, everything{}, x});
  }
}

TEST(WireCodec, GivenNumberTooBigForItsMemberWhenReadThenItIsRefused) {
  EXPECT_FALSE(decode<std::uint8_t>(encode(std::uint64_t{256})));
  EXPECT_FALSE(decode<std::int8_t>(encode(std::int64_t{128})));
  EXPECT_FALSE(decode<std::int8_t>(encode(std::int64_t{-129})));
  EXPECT_FALSE(decode<colour>(encode(std::uint64_t{256})));
}

TEST(WireCodec, GivenEnumValueOfANewerBuildWhenReadThenItIsKeptToBeChecked) {
  auto read = decode<colour>(encode(std::uint64_t{77}));
  ASSERT_TRUE(read);
  EXPECT_EQ(static_cast<int>(*read), 77);
  expect_back(colour::green);
}

TEST(WireCodec, GivenReaderOfUsedStructWhenReadThenNothingOldStays) {
  auto bytes = encode(everything{});
  auto target = full();
  runtime::wire::reader in{bytes};
  in.get(target);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(target, everything{});
}

} // namespace
} // namespace tutti::tests::codec
