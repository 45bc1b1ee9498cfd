#include "services/redis/protocol/reply.hpp"

#include "runtime/error.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::redis {

using runtime::ec;

bool reply::is_error(std::string_view word) const noexcept {
  auto all = text();
  return is_error() && all.substr(0, all.find(' ')) == word;
}

std::int64_t reply::integer() const noexcept {
  auto* found = std::get_if<std::int64_t>(&value_);
  return found ? *found : 0;
}

std::string_view reply::text() const noexcept {
  auto* found = std::get_if<std::string>(&value_);
  return found ? std::string_view{*found} : std::string_view{};
}

std::string reply::take_text() noexcept {
  auto* found = std::get_if<std::string>(&value_);
  return found ? std::exchange(*found, {}) : std::string{};
}

std::span<const reply> reply::elements() const noexcept {
  auto* found = std::get_if<std::vector<reply>>(&value_);
  return found ? std::span<const reply>{*found} : std::span<const reply>{};
}

std::vector<reply> reply::take_elements() noexcept {
  auto* found = std::get_if<std::vector<reply>>(&value_);
  return found ? std::exchange(*found, {}) : std::vector<reply>{};
}

caf::error to_error(const batch_result& result) {
  if (result.lost == outcome::answered)
    return {};
  return runtime::make_error(result.lost == outcome::not_sent ? ec::unavailable : ec::timeout, result.reason);
}

caf::error to_error(const reply& answer) {
  if (!answer.is_error())
    return {};
  constexpr std::string_view passing[] = {"OOM",      "LOADING", "READONLY",   "MASTERDOWN", "BUSY",
                                          "TRYAGAIN", "MISCONF", "NOREPLICAS", "CLUSTERDOWN"};
  bool passes = std::any_of(std::begin(passing), std::end(passing),
                            [&](std::string_view word) { return answer.is_error(word); });
  return runtime::make_error(passes ? ec::unavailable : ec::rejected, "redis: " + std::string{answer.text()});
}

} // namespace tutti::services::redis
