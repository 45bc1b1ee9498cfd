#pragma once
#include "runtime/store/flag_store.hpp"
#include "tests/runtime/store/conformance/entity_store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tutti::tests::flags {

using namespace runtime::store;
using entities::answer;
using entities::ask_all;
using entities::provider;
using entities::world;

class FlagStore : public testing::TestWithParam<provider> {
protected:
  world& here();
  /// Every call is another node's.
  caf::actor node() { return here().start_store(); }

  template <class Answer, class Message>
  answer<Answer> ask(const caf::actor& store, Message message) {
    std::vector<Message> one;
    one.push_back(std::move(message));
    return std::move(ask_all<Answer>(here().system(), store, std::move(one)).front());
  }

  /// Expects that it takes place.
  feature_flag written(const caf::actor& store, write_flag what);
  std::optional<feature_flag> read(const caf::actor& store, std::string name);
  std::vector<std::string> names(const caf::actor& store);

private:
  std::unique_ptr<world> world_;
};

/// As the tests write them: by "tester".
write_flag order(std::string name, bool enabled = true);

} // namespace tutti::tests::flags
