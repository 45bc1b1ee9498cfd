#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/bodies/object_body.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "runtime/error.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <caf/sec.hpp>

// The routes of entities.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
using http_api::json_writer;
using runtime::ec;
using runtime::entity::entity_type;
using runtime::entity::json_reply;
using std::chrono::milliseconds;

constexpr milliseconds command_patience{10'000};
constexpr milliseconds look_patience{1'000};
constexpr std::size_t max_key = 512; ///< bytes, as the directory of entities has it
/// The answer has to arrive before the request's own deadline.
constexpr milliseconds answer_margin{200};

/// What became of a command: not run 503, outcome unknown 504.
http_response failed_command(const caf::error& reason, std::string_view target) {
  if (runtime::is(reason, ec::timeout) || reason == caf::sec::request_timeout)
    return problem_answer(504,
                          runtime::is(reason, ec::timeout)
                              ? runtime::words(reason)
                              : "the entity did not answer; the command may have run",
                          target);
  if (runtime::is(reason, ec::failed) || reason == caf::sec::runtime_error)
    return problem_answer(504, "the entity failed while it ran the command: " + runtime::words(reason),
                          target);
  if (runtime::is(reason, ec::rejected)) {
    auto text = runtime::words(reason);
    auto end = text.find(": ");
    bool pointed = end != std::string::npos && (text.front() == '/' || end == 0);
    http_api::field_error mistake{pointed ? text.substr(0, end) : "", pointed ? text.substr(end + 2) : text};
    auto detail = (mistake.pointer.empty() ? "the command" : mistake.pointer) + ": " + mistake.detail;
    return answer(http_api::unprocessable(std::move(detail), {std::move(mistake)}), target);
  }
  if (reason == caf::sec::request_receiver_down)
    return problem_answer(503, "the entity ended before it came to the command", target);
  return error_answer(reason, target);
}

void write_type(json_writer& out, const entity_type& type) {
  out.begin_object()
      .member("name", type.name)
      .member("summary", type.summary)
      .member("role", type.role)
      .member("persistent", type.persistent)
      .member("remembered", type.remember)
      .member("passivateAfterMs", type.passivate_after.count())
      .key("commands")
      .begin_array();
  for (auto& h : type.handlers)
    out.begin_object()
        .member("name", h.name)
        .key("schema")
        .raw(h.request.schema())
        .key("reply")
        .raw(h.reply.schema())
        .end_object();
  out.end_array().end_object();
}

} // namespace

void gateway_actor::actor_types(http_request& r, const target& where) {
  auto page = read_name_page(where);
  if (auto* bad = std::get_if<http_api::problem>(&page))
    return r.reply(answer(std::move(*bad), r.target));
  std::vector<const entity_type*> types;
  for (auto& t : parts_.cluster.types->all())
    types.push_back(t.get());
  std::sort(types.begin(), types.end(), [](auto a, auto b) { return a->name < b->name; });
  r.reply(json(200, render_name_page(
                        std::get<name_page>(page), types, [](auto type) { return type->name; },
                        [](auto& out, auto type) { write_type(out, *type); })));
}

std::optional<runtime::entity::entity_ref> gateway_actor::entity_of(http_request& r, const target& where) {
  auto& type = where.segments[1];
  if (!parts_.cluster.entities->knows(type)) {
    r.reply(problem_answer(404, "there is no entity type " + type, r.target));
    return std::nullopt;
  }
  auto& key = where.segments[2];
  if (key.size() > max_key) {
    r.reply(answer(http_api::unprocessable("a key has at most 512 bytes"), r.target));
    return std::nullopt;
  }
  return parts_.cluster.entities->ref(type, key);
}

void gateway_actor::inspect_actor(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto entity = entity_of(r, where);
  if (!entity)
    return;
  auto reply = std::make_shared<responder>(std::move(r.reply));
  entity->ask(this, runtime::entity::inspect_entity{}, look_patience)
      .then([reply](const json_reply& said) { (*reply)(json(200, said.json)); },
            [reply, type = where.segments[1], key = entity->key(), at = r.target](const caf::error& reason) {
              if (runtime::is(reason, ec::timeout) || reason == caf::sec::request_timeout)
                return (*reply)(problem_answer(504, "the entity did not answer within a second", at));
              if (!runtime::is(reason, ec::not_found))
                return (*reply)(failed_command(reason, at));
              std::string body;
              json_writer{body}
                  .begin_object()
                  .member("type", type)
                  .member("key", key)
                  .member("active", false)
                  .end_object();
              (*reply)(json(200, std::move(body)));
            });
}

void gateway_actor::command_actor(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto entity = entity_of(r, where);
  if (!entity)
    return;
  auto& command = where.segments[4];
  if (parts_.cluster.types->find(where.segments[1])->find(command) == nullptr)
    return r.reply(problem_answer(404, where.segments[1] + " has no command " + command, r.target));
  if (!r.body.empty())
    if (auto bad = http_api::check_object(r.body))
      return r.reply(answer(std::move(*bad), r.target));
  auto left =
      std::chrono::duration_cast<milliseconds>(r.deadline - std::chrono::steady_clock::now()) - answer_margin;
  auto timeout = std::clamp(left, milliseconds{1}, command_patience);
  auto reply = std::make_shared<responder>(std::move(r.reply));
  entity
      ->ask(this, runtime::entity::json_command{command, r.body.empty() ? "{}" : std::move(r.body)}, timeout)
      .then([reply](const json_reply& said) { (*reply)(json(200, said.json)); },
            [reply, at = r.target](const caf::error& reason) { (*reply)(failed_command(reason, at)); });
}

} // namespace tutti::actors::http_gateway
