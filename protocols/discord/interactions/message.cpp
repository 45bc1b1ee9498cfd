#include "protocols/discord/interactions/message.hpp"

#include "protocols/discord/interactions/message_fields.hpp"
#include "protocols/discord/text.hpp"

namespace tutti::protocols::discord {
namespace {

constexpr std::size_t most_content = 2000;
constexpr std::size_t most_embeds = 10;
constexpr std::size_t most_embed_text = 6000;

constexpr int suppress_embeds = 1 << 2;
constexpr int ephemeral_flag = 1 << 6;
constexpr int suppress_notifications = 1 << 12;

std::size_t text_of(const embed& x) noexcept {
  auto sum = characters(x.title) + characters(x.description) + characters(x.author) + characters(x.footer);
  for (auto& field : x.fields)
    sum += characters(field.name) + characters(field.value);
  return sum;
}

bool shows_something(const embed& x) noexcept {
  return text_of(x) > 0 || !x.image_url.empty() || !x.thumbnail_url.empty();
}

/// A text with its links, as an object of its own.
void write_author(bounded_body& body, const embed& x) {
  if (x.author.empty()) {
    body.require(x.author_url.empty() && x.author_icon_url.empty(), "author.name", "is missing");
    return;
  }
  body.object("author", [&] {
    body.text("name", x.author, 1, 256);
    body.url_if_any("url", x.author_url);
    body.url_if_any("icon_url", x.author_icon_url);
  });
}

void write_footer(bounded_body& body, const embed& x) {
  if (x.footer.empty()) {
    body.require(x.footer_icon_url.empty(), "footer.text", "is missing");
    return;
  }
  body.object("footer", [&] {
    body.text("text", x.footer, 1, 2048);
    body.url_if_any("icon_url", x.footer_icon_url);
  });
}

void write_image(bounded_body& body, std::string_view name, const std::string& url) {
  if (!url.empty())
    body.object(name, [&] { body.url_if_any("url", url); });
}

void write_embed(bounded_body& body, const embed& x) {
  body.require(shows_something(x), "", "must not be empty");
  body.object([&] {
    body.text_if_any("title", x.title, 256);
    body.text_if_any("description", x.description, 4096);
    body.url_if_any("url", x.url);
    if (x.color) {
      body.require(*x.color <= 0xFFFFFF, "color", "must be at most 0xFFFFFF");
      body.json().member("color", *x.color);
    }
    write_author(body, x);
    write_image(body, "thumbnail", x.thumbnail_url);
    write_image(body, "image", x.image_url);
    write_footer(body, x);
    if (!x.fields.empty())
      body.list("fields", x.fields, 0, 25, [&](const embed_field& field) {
        body.object([&] {
          body.text("name", field.name, 1, 256);
          body.text("value", field.value, 1, 1024);
          body.json().member("inline", field.in_line);
        });
      });
  });
}

void write_embeds(bounded_body& body, const std::vector<embed>& embeds) {
  std::size_t sum = 0;
  body.list("embeds", embeds, 0, most_embeds, [&](const embed& one) {
    sum += text_of(one);
    write_embed(body, one);
  });
  body.require(sum <= most_embed_text, "embeds", "must have at most 6000 characters in all");
}

void write_mentions(bounded_body& body, const std::vector<user_id>& users) {
  body.object("allowed_mentions", [&] {
    body.json().key("parse").begin_array().end_array();
    if (!users.empty())
      body.list("users", users, 0, 100, [&](user_id user) { body.json().string(to_string(user)); });
  });
}

} // namespace

void write_message(bounded_body& body, const message& x) {
  const bool has_content = !blank(x.content);
  body.require(has_content || !x.embeds.empty(), "content", "must not be empty without embeds");
  if (has_content)
    body.text("content", x.content, 1, most_content);
  if (!x.embeds.empty())
    write_embeds(body, x.embeds);
  if (!x.rows.empty())
    write_components(body, x.rows);
  write_mentions(body, x.may_mention);
  const int flags = (x.without_previews ? suppress_embeds : 0) | (x.ephemeral ? ephemeral_flag : 0)
                    | (x.silent ? suppress_notifications : 0);
  if (flags != 0)
    body.json().member("flags", flags);
}

void write_edit(bounded_body& body, const message_edit& x) {
  body.require(x.content || x.embeds || x.rows, "", "changes nothing");
  if (x.content)
    body.text("content", *x.content, 0, most_content);
  if (x.embeds)
    write_embeds(body, *x.embeds);
  if (x.rows)
    write_components(body, *x.rows);
  write_mentions(body, {});
}

json::outcome<std::string> encode(const message& x) {
  bounded_body body;
  body.object([&] { write_message(body, x); });
  return body.finish();
}

json::outcome<std::string> encode_post(const message& x) {
  bounded_body body;
  body.require(!x.ephemeral, "flags", "only an answer to an interaction can be ephemeral");
  body.object([&] { write_message(body, x); });
  return body.finish();
}

json::outcome<std::string> encode(const message_edit& x) {
  bounded_body body;
  body.object([&] { write_edit(body, x); });
  return body.finish();
}

} // namespace tutti::protocols::discord
