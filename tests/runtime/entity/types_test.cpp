#include "runtime/entity/entity_type.hpp"
#include "tests/runtime/entity/notebook.hpp"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::tests::entities {
namespace {

using runtime::entity::entity_type;
using runtime::entity::entity_types;
using runtime::entity::partition_of;

TEST(EntityTypes, GivenTypeWhenAddedThenItIsFoundWithItsMessages) {
  entity_types types;
  types.add(define_notebook());
  auto found = types.find("notebook");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->persistent);
  EXPECT_EQ(found->find("put"), found->find(typeid(put)));
  EXPECT_NE(found->find("put"), nullptr);
  EXPECT_EQ(found->find("nope"), nullptr);
  EXPECT_EQ(found->find(typeid(int)), nullptr);
  EXPECT_EQ(types.find("diary"), nullptr);
  EXPECT_NE(types.reply_codec(typeid(lines)), nullptr);
  EXPECT_EQ(types.reply_codec(typeid(int)), nullptr);
}

TEST(EntityTypes, GivenNameThatIsTakenOrNoneWhenAddedThenItThrows) {
  entity_types types;
  types.add(define_notebook());
  EXPECT_THROW(types.add(define_notebook()), std::invalid_argument);
  for (auto name : {std::string{}, std::string{"Notebook"}, std::string{"a b"}, std::string{"a/b"},
                    std::string(65, 'a')}) {
    entity_type type = define_notebook();
    type.name = name;
    EXPECT_THROW(types.add(type), std::invalid_argument) << name;
  }
  entity_type type = define_notebook();
  type.name = std::string(64, 'a');
  types.add(type);
}

TEST(EntityTypes, GivenMessagesThatAreTakenOrHaveNoNameWhenAddedThenItThrows) {
  for (auto name : {"", "$command", "peek"}) { // put would be told apart from nothing, or from peek
    entity_type type = define_notebook();
    type.handlers[0].name = name;
    entity_types types;
    EXPECT_THROW(types.add(type), std::invalid_argument) << name;
  }
  entity_type type = define_notebook();
  type.handlers.push_back(type.handlers[0]);
  type.handlers.back().name = "put-again";
  entity_types types;
  EXPECT_THROW(types.add(type), std::invalid_argument) << "one message, two handlers";
}

TEST(EntityTypes, GivenNamesWhenTheirPartitionIsAskedThenItIsTheSameForEver) {
  EXPECT_EQ(partition_of("guild-player", "1:2", 1), 0u);
  // Other builds and machines have to agree: these must not change.
  EXPECT_EQ(partition_of("counter", "a", 256), 245u);
  EXPECT_EQ(partition_of("counter", "b", 256), 49u);
  EXPECT_EQ(partition_of("guild-player", "1:700000000000000001", 256), 174u);
  EXPECT_NE(partition_of("a", "bc", 1U << 30U), partition_of("ab", "c", 1U << 30U));
}

TEST(EntityTypes, GivenManyKeysWhenHashedThenPartitionsAreEven) {
  std::vector<int> count(256);
  for (int i = 0; i < 256'000; ++i)
    ++count[partition_of("guild-player", "9:" + std::to_string(700000000000000000 + i), 256)];
  for (auto n : count) { // 1000 each; 6 standard deviations
    EXPECT_GT(n, 810);
    EXPECT_LT(n, 1190);
  }
}

} // namespace
} // namespace tutti::tests::entities
