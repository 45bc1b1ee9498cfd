#include "protocols/discord/interactions/components.hpp"

#include "protocols/discord/interactions/message_fields.hpp"
#include "protocols/discord/text.hpp"

#include <set>
#include <string_view>

namespace tutti::protocols::discord {
namespace {

constexpr int row_type = 1;
constexpr int button_type = 2;

class component_writer {
public:
  explicit component_writer(bounded_body& body) noexcept : body_(body) {}

  void operator()(const button& x) {
    const bool link = x.look == button::style::link;
    body_.object([&] {
      body_.json().member("type", button_type).member("style", static_cast<int>(x.look));
      body_.require(!x.label.empty() || x.icon, "label", "is missing, and there is no emoji");
      body_.text_if_any("label", x.label, 80);
      write_emoji(x.icon);
      if (link) {
        body_.require(!x.url.empty(), "url", "is missing");
        body_.require(x.custom_id.empty(), "custom_id", "must not be there in a link");
        body_.url_if_any("url", x.url, 512);
      } else {
        body_.require(x.url.empty(), "url", "is for links only");
        custom_id(x.custom_id);
      }
      if (x.disabled)
        body_.json().member("disabled", true);
    });
  }

  void operator()(const select& x) {
    body_.object([&] {
      body_.json().member("type", static_cast<int>(x.of));
      custom_id(x.custom_id);
      body_.text_if_any("placeholder", x.placeholder, 150);
      body_.require(x.min_values <= x.max_values, "min_values", "must not be more than max_values");
      body_.require(x.max_values >= 1 && x.max_values <= 25, "max_values", "must be 1 to 25");
      body_.json().member("min_values", x.min_values).member("max_values", x.max_values);
      if (x.of == select::type::string)
        write_options(x);
      else
        body_.require(x.options.empty(), "options", "are for string selects only");
      if (!x.channel_types.empty()) {
        body_.require(x.of == select::type::channel, "channel_types", "are for channel selects only");
        body_.json().key("channel_types").begin_array();
        for (auto type : x.channel_types)
          body_.json().integer(static_cast<int>(type));
        body_.json().end_array();
      }
      if (x.disabled)
        body_.json().member("disabled", true);
    });
  }

private:
  void custom_id(std::string_view id) {
    body_.text("custom_id", id, 1, 100);
    body_.require(ids_.insert(id).second, "custom_id", "is there twice");
  }

  void write_emoji(const std::optional<emoji>& icon) {
    if (!icon)
      return;
    body_.object("emoji", [&] {
      body_.text("name", icon->name, 1, 32);
      if (icon->id == 0)
        return;
      body_.json().member("id", std::to_string(icon->id));
    });
  }

  void write_options(const select& x) {
    std::set<std::string_view> values;
    body_.require(x.max_values <= x.options.size(), "max_values", "is more than there are options");
    body_.list("options", x.options, 1, 25, [&](const select_option& one) {
      body_.object([&] {
        body_.text("label", one.label, 1, 100);
        body_.text("value", one.value, 1, 100);
        body_.require(values.insert(one.value).second, "value", "is there twice");
        body_.text_if_any("description", one.description, 100);
        write_emoji(one.icon);
        if (one.chosen)
          body_.json().member("default", true);
      });
    });
  }

  bounded_body& body_;
  std::set<std::string_view> ids_; ///< custom ids so far
};

} // namespace

void write_components(bounded_body& body, std::span<const action_row> rows) {
  component_writer write_one{body};
  body.list("components", rows, 0, 5, [&](const action_row& row) {
    body.object([&] {
      body.json().member("type", row_type);
      const bool has_select = !row.components.empty() && std::holds_alternative<select>(row.components[0]);
      body.list("components", row.components, 1, has_select ? 1 : 5, [&](auto& one) {
        body.require(has_select || std::holds_alternative<button>(one), "",
                     "a select needs a row of its own");
        std::visit([&](auto& it) { write_one(it); }, one);
      });
    });
  });
}

} // namespace tutti::protocols::discord
