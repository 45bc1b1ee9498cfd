#pragma once
#include "tests/runtime/store/conformance/provider.hpp"

#include <memory>
#include <utility>

namespace tutti::tests::entities {

/// Of a provider that serves a single node: one actor over a Book that outlives it.
template <class Book, auto spawn_store>
class solo_world final : public world {
public:
  ~solo_world() override { end_stores(); }
  caf::actor start_store() override {
    if (!only_)
      only_ = restart();
    return only_;
  }
  caf::actor restart() {
    end_stores();
    return start([this](auto& parent, auto at) { return spawn_store(parent, std::move(at), book_); });
  }

private:
  std::shared_ptr<Book> book_ = std::make_shared<Book>();
  caf::actor only_;
};

} // namespace tutti::tests::entities
