#include "protocols/http_api/json_writer.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {
namespace {

constexpr int no_such_flag = 404;

http_request flag_request(const std::string& name) {
  http_request out;
  out.method = "GET";
  out.path = "/flags/" + percent_encoded(name);
  return out;
}

void print_flags(context& on, const std::vector<json>& flags) {
  table out{{{"NAME", false, 8},
             {"STATE"},
             {"KEYS", true},
             {"VERSION", true, 0, 2},
             {"CHANGED (UTC)", false, 0, 1},
             {"BY", false, 0, 3},
             {"DESCRIPTION", false, 10}}};
  for (auto& flag : flags)
    out.add({flag["name"].text(), flag["enabled"].flag() ? "on" : "off",
             flag["percentage"].is_null() ? "all" : flag["percentage"].text() + " %",
             grouped(flag["version"].count()), time_text(flag["updatedAt"]), flag["updatedBy"].text(),
             flag["description"].text()});
  on.to.raw(out.render(on.to.out()));
}

int show_flag(context& on, const api_answer& answer) {
  if (on.as_json)
    print_json(on, answer.text);
  else
    print_flags(on, {answer.body});
  return exit_done;
}

} // namespace

int flags_list(context& on) {
  std::vector<json> flags;
  on.node.each_page("/flags", {}, 0, [&](const api_answer& page) {
    if (on.as_json)
      print_json(on, page.text);
    for (auto& flag : page.body["items"].items())
      flags.push_back(flag);
  });
  if (!on.as_json && flags.empty())
    on.to.note("no flags");
  else if (!on.as_json)
    print_flags(on, flags);
  return exit_done;
}

int flags_get(context& on, const std::string& name) {
  return show_flag(on, on.node.call(flag_request(name)));
}

int flags_set(context& on, const flag_options& with) {
  auto request = flag_request(with.name);
  auto before = on.node.ask(request);
  if (before.status != no_such_flag && before.status != 200)
    before = on.node.call(request); // for the words
  json known = before.status == 200 ? before.body : json{};
  std::string body;
  protocols::http_api::json_writer out{body};
  out.begin_object().member("enabled", with.state == "on");
  if (with.percentage)
    out.member("percentage", *with.percentage);
  else if (!known["percentage"].is_null())
    out.member("percentage", known["percentage"].integer());
  out.member("description", with.description.value_or(known["description"].text()));
  out.member("version", known["version"].count()).end_object(); // who changed it meanwhile is not overruled
  return show_flag(on, on.node.put(request.path, std::move(body)));
}

} // namespace tutti::services::cli
