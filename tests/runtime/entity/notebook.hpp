#pragma once
#include "runtime/entity/define.hpp"
#include "runtime/error.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

/// The entity type of the tests: it remembers the lines that it has been told.
namespace tutti::tests::entities {

struct put {
  std::string line;
};
struct peek {};
struct lines {
  std::vector<std::string> all;
  std::uint64_t epoch = 0;
};
struct explode {};
struct fetch { // answered when the helper answers
  std::string line;
};
template <class F>
void fields(F& f, put& x) {
  f("line", x.line);
}
template <class F>
void fields(F&, peek&) {}
template <class F>
void fields(F& f, lines& x) {
  f("all", x.all)("epoch", x.epoch);
}
template <class F>
void fields(F&, explode&) {}
template <class F>
void fields(F& f, fetch& x) {
  f("line", x.line);
}

struct notebook {
  std::vector<std::string> all;
};
template <class F>
void fields(F& f, notebook& x) {
  f("all", x.all);
}

} // namespace tutti::tests::entities

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::put)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::peek)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::lines)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::explode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tutti::tests::entities::fetch)

namespace tutti::tests::entities {

using page = runtime::entity::entity<notebook>;

inline lines view_of(const page& self) {
  return {self.state.all, self.epoch()};
}

/// `on_start` and `helper` (a request with a string → a string) are the test's.
inline runtime::entity::define<notebook> define_notebook(std::function<void(page&)> on_start = nullptr,
                                                         caf::actor helper = nullptr) {
  using runtime::ec;
  return runtime::entity::define<notebook>("notebook", "worker", "Lines")
      .write<put>("put",
                  [](page& self, const put& m) -> caf::expected<lines> {
                    if (m.line.empty())
                      return runtime::make_error(ec::rejected, "/line: is empty");
                    self.state.all.push_back(m.line);
                    return view_of(self);
                  })
      .read<peek>("peek", [](const page& self, const peek&) { return view_of(self); })
      .read<explode>("explode",
                     [](const page&, const explode&) -> lines { throw std::runtime_error{"a bug"}; })
      .answer_later<fetch, lines>("fetch",
                                  [helper](page& self, const fetch& m, runtime::entity::later<lines> to) {
                                    self.request(helper, std::chrono::seconds{60}, m.line)
                                        .then(
                                            [&self, to](std::string& got) mutable {
                                              self.state.all.push_back(std::move(got));
                                              to.save_and_give(view_of(self));
                                            },
                                            [to](caf::error& e) mutable { to.fail(std::move(e)); });
                                  })
      .on_start(std::move(on_start));
}

} // namespace tutti::tests::entities
