#include "actors/http_gateway/gateway_actor.hpp"
#include "actors/http_gateway/name_page.hpp"
#include "protocols/http_api/bodies/flag_body.hpp"
#include "protocols/http_api/json_writer.hpp"
#include "protocols/http_api/rfc3339.hpp"
#include "runtime/store/flag_keeper.hpp"
#include "runtime/wire/codec.hpp"

#include <utility>
#include <variant>

// The routes of feature flags, and how nodes tell each other of changes.
namespace tutti::actors::http_gateway {
namespace {

namespace http_api = protocols::http_api;
namespace store = runtime::store;
using http_api::json_writer;

constexpr char flag_author[] = "admin";

void write_flag_json(json_writer& out, const store::feature_flag& flag) {
  out.begin_object().member("name", flag.name).member("enabled", flag.enabled).key("percentage");
  if (flag.percentage)
    out.integer(*flag.percentage);
  else
    out.null();
  out.member("description", flag.description)
      .member("version", flag.version)
      .member("updatedAt", http_api::format_rfc3339(flag.updated_at))
      .member("updatedBy", flag.updated_by)
      .end_object();
}

http_response flag_answer(const store::feature_flag& flag) {
  std::string body;
  json_writer out{body};
  write_flag_json(out, flag);
  return json(200, std::move(body));
}

} // namespace

void gateway_actor::flags(http_request& r, const target& where) {
  auto page = read_name_page(where);
  if (auto* bad = std::get_if<http_api::problem>(&page))
    return r.reply(answer(std::move(*bad), r.target));
  ask_for<store::flags_listed>(
      parts_.flags, r, store::list_flags{},
      [page = std::get<name_page>(std::move(page))](const store::flags_listed& found) {
        return json(200, render_name_page(
                             page, found.flags, [](auto& flag) { return flag.name; },
                             [](auto& out, auto& flag) { write_flag_json(out, flag); }));
      });
}

void gateway_actor::get_flag(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto name = path_name(r, where, "flag");
  if (!name)
    return;
  ask_for<store::flag_found>(parts_.flags, r, store::read_flag{*name},
                             [name = *name, at = r.target](const store::flag_found& found) {
                               return found.flag ? flag_answer(*found.flag)
                                                 : problem_answer(404, "there is no flag " + name, at);
                             });
}

void gateway_actor::put_flag(http_request& r, const target& where) {
  if (auto unknown = where.unknown_parameter({}))
    return r.reply(answer(std::move(*unknown), r.target));
  auto name = path_name(r, where, "flag");
  if (!name)
    return;
  auto parsed = http_api::parse_flag(r.body);
  if (auto* bad = std::get_if<http_api::problem>(&parsed))
    return r.reply(answer(std::move(*bad), r.target));
  auto& wanted = std::get<http_api::flag_body>(parsed);
  store::write_flag order{std::move(*name), wanted.enabled, wanted.percentage, std::move(wanted.description),
                          flag_author,      wanted.version};
  ask_for<store::flag_written>(parts_.flags, r, std::move(order), [this](const store::flag_written& done) {
    // Who does not hear of it asks the store when his five minutes are over.
    ask_nodes({"flag", runtime::wire::encode(changed_flag{done.flag.name, done.flag.version})},
              [](const node_answers&) {});
    return flag_answer(done.flag);
  });
}

caf::result<runtime::entity::json_reply> gateway_actor::flag_told(const std::string& news) {
  auto change = runtime::wire::decode<changed_flag>(news);
  if (!change)
    return runtime::make_error(runtime::ec::malformed, "a change of a flag that cannot be read");
  send(parts_.flags, store::flag_changed{std::move(change->name), change->version});
  return runtime::entity::json_reply{"{}"};
}

} // namespace tutti::actors::http_gateway
