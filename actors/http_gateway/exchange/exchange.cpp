#include "actors/http_gateway/exchange/exchange.hpp"

#include <algorithm>

namespace tutti::actors::http_gateway {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

std::optional<std::string_view> request_head::find(std::string_view name) const noexcept {
  for (auto& field : headers)
    if (same_name(field.name, name))
      return field.value;
  return std::nullopt;
}

std::optional<std::string_view> request::find(std::string_view lower_case_name) const noexcept {
  for (auto& [name, value] : headers)
    if (name == lower_case_name)
      return value;
  return std::nullopt;
}

responder& responder::operator=(responder&& other) noexcept {
  if (this != &other) {
    drop();
    channel_ = std::move(other.channel_);
    slot_ = other.slot_;
  }
  return *this;
}

void responder::operator()(response&& answer) noexcept {
  if (auto channel = std::exchange(channel_, nullptr))
    channel->deliver(slot_, std::move(answer));
}

void responder::drop() noexcept {
  if (channel_)
    (*this)(response{.status = 503, .content_type = "", .body = {}});
}

} // namespace tutti::actors::http_gateway
