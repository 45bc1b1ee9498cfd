#include "protocols/discord/interactions/callbacks.hpp"

#include "protocols/discord/interactions/choice_fields.hpp"
#include "protocols/discord/interactions/message_fields.hpp"

#include <cmath>
#include <set>
#include <string_view>

namespace tutti::protocols::discord {
namespace {

constexpr int label_type = 18;
constexpr int text_input_type = 4;
constexpr double exact_integers = 9007199254740992.0; // 2^53: beyond, JSON numbers lose digits elsewhere

/// {"type":type,"data":{…}}
template <class F>
json::outcome<std::string> callback(int type, F&& data) {
  bounded_body body;
  body.object([&] {
    body.json().member("type", type);
    body.object("data", [&] { data(body); });
  });
  return body.finish();
}

void write_input(bounded_body& body, const text_input& x) {
  body.object([&] {
    body.json().member("type", label_type);
    body.text("label", x.label, 1, 45);
    body.object("component", [&] {
      body.json().member("type", text_input_type).member("style", x.paragraph ? 2 : 1);
      body.text("custom_id", x.custom_id, 1, 100);
      body.require(x.min_length <= x.max_length, "min_length", "must not be more than max_length");
      body.require(x.max_length >= 1 && x.max_length <= 4000, "max_length", "must be 1 to 4000");
      body.json()
          .member("min_length", x.min_length)
          .member("max_length", x.max_length)
          .member("required", x.required);
      body.text_if_any("placeholder", x.placeholder, 100);
      body.text_if_any("value", x.value, 4000);
    });
  });
}

bool exact(double value) noexcept {
  return std::isfinite(value) && std::fabs(value) <= exact_integers;
}

} // namespace

void write_choices(bounded_body& body, std::span<const choice> choices) {
  std::set<std::string_view> names;
  body.list("choices", choices, 0, 25, [&](const choice& one) {
    body.object([&] {
      body.text("name", one.name, 1, 100);
      body.require(names.insert(one.name).second, "name", "is there twice");
      body.require(one.value.index() == choices[0].value.index(), "value", "must be of the others' type");
      if (auto* text = std::get_if<std::string>(&one.value)) {
        body.text("value", *text, 1, 100);
      } else if (auto* whole = std::get_if<std::int64_t>(&one.value)) {
        body.require(exact(static_cast<double>(*whole)), "value", "must be within 2^53");
        body.json().member("value", *whole);
      } else {
        auto number = std::get<double>(one.value);
        body.require(exact(number), "value", "must be within 2^53");
        body.json().member("value", number);
      }
    });
  });
}

std::string encode_pong() {
  return R"({"type":1})";
}

json::outcome<std::string> encode_reply(const message& x) {
  return callback(4, [&](bounded_body& body) { write_message(body, x); });
}

std::string encode_deferred_reply(bool ephemeral) {
  return ephemeral ? R"({"type":5,"data":{"flags":64}})" : R"({"type":5})";
}

std::string encode_deferred_update() {
  return R"({"type":6})";
}

json::outcome<std::string> encode_update(const message_edit& x) {
  return callback(7, [&](bounded_body& body) { write_edit(body, x); });
}

json::outcome<std::string> encode_choices(std::span<const choice> choices) {
  return callback(8, [&](bounded_body& body) { write_choices(body, choices); });
}

json::outcome<std::string> encode(const modal& x) {
  return callback(9, [&](bounded_body& body) {
    std::set<std::string_view> ids;
    body.text("custom_id", x.custom_id, 1, 100);
    body.text("title", x.title, 1, 45);
    body.list("components", x.inputs, 1, 5, [&](const text_input& one) {
      body.require(ids.insert(one.custom_id).second, "component.custom_id", "is there twice");
      write_input(body, one);
    });
  });
}

} // namespace tutti::protocols::discord
