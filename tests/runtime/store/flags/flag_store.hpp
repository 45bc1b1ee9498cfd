#pragma once
#include "runtime/store/flag_store.hpp"
#include "tests/runtime/store/conformance/provider_test.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tutti::tests::flags {

using namespace runtime::store;
using namespace std::chrono_literals;
using entities::answer;
using entities::ask_all;
using entities::provider;
using entities::world;

class FlagStore : public entities::ProviderTest {
protected:
  /// Expects that it takes place.
  feature_flag written(const caf::actor& store, write_flag what);
  std::optional<feature_flag> read(const caf::actor& store, std::string name);
  std::vector<std::string> names(const caf::actor& store);
};

/// As the tests write them: by "tester".
write_flag order(std::string name, bool enabled = true);

} // namespace tutti::tests::flags
