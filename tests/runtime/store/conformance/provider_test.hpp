#pragma once
#include "runtime/error.hpp"
#include "tests/runtime/store/conformance/provider.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <caf/error.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

namespace tutti::tests::entities {

using namespace std::chrono_literals;

/// An answer to a request, or why there is none.
template <class T>
struct answer {
  std::optional<T> value;
  caf::error error;
  explicit operator bool() const { return value.has_value(); }
  const T* operator->() const { return &value.value(); }
};

/// Sends all, then waits for all; in order.
template <class Answer, class Message>
std::vector<answer<Answer>> ask_all(caf::actor_system& sys, const caf::actor& store,
                                    std::vector<Message> messages) {
  caf::scoped_actor asker{sys};
  using handle = decltype(asker->request(store, 60s, std::declval<Message>()));
  std::vector<handle> sent;
  for (auto& m : messages)
    sent.push_back(asker->request(store, 60s, std::move(m)));
  std::vector<answer<Answer>> out(sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    sent[i].receive([&](Answer& value) { out[i].value = std::move(value); },
                    [&](caf::error& e) { out[i].error = std::move(e); });
  return out;
}

/// A test of a store that a provider makes.
class ProviderTest : public testing::TestWithParam<provider> {
protected:
  world& here() {
    if (!world_)
      world_ = GetParam().make();
    return *world_;
  }
  /// Every call is another node's.
  caf::actor node() { return here().start_store(); }

  template <class Answer, class Message>
  answer<Answer> ask(const caf::actor& store, Message message) {
    std::vector<Message> one;
    one.push_back(std::move(message));
    return std::move(ask_all<Answer>(here().system(), store, std::move(one)).front());
  }
  template <class Answer, class Message>
  Answer expect(const caf::actor& store, Message message) {
    auto got = ask<Answer>(store, std::move(message));
    EXPECT_TRUE(got) << runtime::describe(got.error);
    return got ? std::move(*got.value) : Answer{};
  }

private:
  std::unique_ptr<world> world_;
};

} // namespace tutti::tests::entities
