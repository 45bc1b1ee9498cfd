#include "runtime/cluster/leases/table.hpp"

#include <random>

#include <gtest/gtest.h>

using namespace tutti::runtime::cluster;

namespace {

std::vector<table_entry> sample_entries() {
  return {{"shard", 0, {"a", 7}, 1'800'000'000'000'000},
          {"audio", 4'294'967'295, {"b", (std::uint64_t{1} << 63U) - 1}, max_epoch},
          {"shard", 255, {"", 0}, 0},
          {"shard", 1, {"a", 8}, 5}};
}

TEST(PartitionTable, GivenEntriesWhenEncodedAndDecodedThenTheSame) {
  EXPECT_EQ(decode_entries(encode_entries(sample_entries())), sample_entries());
  EXPECT_EQ(decode_entries(encode_entries({})), std::vector<table_entry>{});
  EXPECT_EQ(decode_entries(""), std::vector<table_entry>{});
}

TEST(PartitionTable, GivenPlacementsOfALargeClusterWhenEncodedThenSomeBytesEach) {
  std::vector<table_entry> entries;
  for (std::uint32_t i = 0; i < 6 * 256; ++i)
    entries.push_back({"role" + std::to_string(i / 256),
                       i % 256,
                       {"node-" + std::to_string(i % 20), 1ULL << 62U},
                       1'800'000'000'000'000});
  EXPECT_LT(encode_entries(entries).size(), entries.size() * 13);
}

TEST(PartitionTable, GivenBytesCutAnywhereWhenDecodedThenNothing) {
  auto bytes = encode_entries(sample_entries());
  for (std::size_t size = 1; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_entries(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_entries(bytes + '\0'));
  bytes[0] = 2;
  EXPECT_FALSE(decode_entries(bytes)) << "a later format";
}

TEST(PartitionTable, GivenBytesChangedAtRandomWhenDecodedThenNoHarm) {
  std::minstd_rand random{17};
  auto good = encode_entries(sample_entries());
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good;
    for (int n = 0; n < 3; ++n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (auto entries = decode_entries(bytes)) {
      EXPECT_LE(entries->size(), bytes.size());
    }
  }
}

} // namespace
