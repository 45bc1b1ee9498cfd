#include "protocols/http_api/json_writer.hpp"
#include "runtime/config/load.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/console/table.hpp"
#include "services/cli/console/text.hpp"

namespace tutti::services::cli {
namespace {

using runtime::config::loaded;

std::string report(const loaded& config) {
  std::string out;
  protocols::http_api::json_writer json{out};
  json.begin_object().member("ok", config.ok()).key("mistakes").begin_array();
  for (auto& m : config.mistakes)
    json.begin_object().member("key", m.key).member("where", m.where).member("text", m.text).end_object();
  json.end_array().key("settings").begin_array();
  if (config.ok()) // else some of them are not what the file says
    for (auto& o : config.origins)
      json.begin_object()
          .member("key", o.key)
          .member("value", o.value)
          .member("origin", o.source)
          .end_object();
  json.end_array().end_object();
  return out;
}

} // namespace

int config_check(console& to, const std::string& file, const std::string& node, bool as_json) {
  runtime::config::load_options options;
  options.node = node;
  options.any_node = node.empty();
  options.terminal = to.err().terminal;
  auto config = runtime::config::load(file, runtime::config::process_environment(), options);
  for (auto& m : config.mistakes)
    to.note(runtime::config::to_string(m));
  if (as_json) {
    to.raw(clean_json(report(config)) + "\n");
  } else if (config.ok()) {
    table settings{{{"KEY"}, {"VALUE", false, 12}, {"ORIGIN", false, 10}}};
    for (auto& o : config.origins)
      settings.add({o.key, o.value, cell{o.source, o.source == "default" ? tint::dim : tint::cyan}});
    to.raw(settings.render(to.out()));
  }
  return config.ok() ? exit_done : exit_usage;
}

} // namespace tutti::services::cli
