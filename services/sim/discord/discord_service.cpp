#include "services/sim/discord/discord_service.hpp"

#include "services/sim/discord/faults.hpp"
#include "services/sim/discord/gateway/gateway.hpp"
#include "services/sim/discord/gateway/voice.hpp"
#include "services/sim/discord/interactions/interactions.hpp"
#include "services/sim/discord/interactions/traffic.hpp"
#include "services/sim/discord/interactions/users.hpp"
#include "services/sim/discord/rest/rest.hpp"

#include <utility>

namespace tutti::services::sim::discord {
namespace {

class simulated_discord final : public discord_service {
public:
  simulated_discord(event_loop& loop, event_log& log, random_source& random, discord_options options)
      : core_(loop, log, random, with_bots(std::move(options))), gateway_(core_), voice_(core_, gateway_),
        messages_(core_), commands_(core_), interactions_(core_, gateway_),
        users_(core_, voice_, commands_, messages_, interactions_), traffic_(core_, gateway_, voice_),
        rest_({core_, gateway_, voice_, messages_, commands_, interactions_}),
        faults_(core_, gateway_, voice_, interactions_, rest_.faults()),
        server_(
            loop, core_.options.host, core_.options.port,
            [this](const http_request& request, http_responder answer) {
              handle(request, std::move(answer));
            },
            [this](const http_request& request, std::shared_ptr<web_socket> socket) {
              upgrade(request, std::move(socket));
            }) {
    gateway_.on_voice([this](auto& from, auto& d) { voice_.command(from, d); });
    gateway_.on_end([this](auto& which) { voice_.end(which); });
    faults_.serve(server_);
  }

  std::string url() const override {
    return "http://" + core_.options.host + ":" + std::to_string(server_.port());
  }
  std::string_view name() const override { return "discord"; }
  std::string inject(const json& fault) override { return faults_.inject(fault); }
  void heal() override { faults_.heal(); }
  void summarise(json& out) const override;
  bool describe_guild(std::uint64_t guild, json& out) const override;
  bool control(const http_request& request, const http_responder& answer) override;

private:
  static discord_options with_bots(discord_options options) {
    options.world.bots = options.tokens.size();
    return options;
  }
  void handle(const http_request& request, http_responder answer) {
    if (faults_.holds() && faults_.hold([this, request, answer] { handle(request, answer); }))
      return;
    rest_.handle(request, answer);
  }
  void upgrade(const http_request& request, std::shared_ptr<web_socket> socket) {
    if (faults_.refuses_gateway())
      return socket->drop();
    gateway_.open(request, socket);
    if (faults_.holds())
      socket->set_flow(web_socket::flow::held);
  }
  std::uint64_t total(std::string_view name) const {
    auto found = core_.totals.find(name);
    return found == core_.totals.end() ? 0 : found->second;
  }

  core core_;
  gateway gateway_;
  discord::voice voice_;
  discord::messages messages_;
  discord::commands commands_;
  discord::interactions interactions_;
  users users_;
  traffic traffic_;
  rest rest_;
  faults faults_;
  http_server server_;
};

void simulated_discord::summarise(json& out) const {
  json own = json::object{};
  for (auto& [name, count] : core_.totals)
    own.set(name, count);
  gateway_.summarise(own);
  rest_.summarise(own.at("rest"));
  out.set("identifies", total("identifies"));
  out.set("resumes", total("resumes"));
  out.set("dispatches",
          json::object{{"sent", total("dispatches")}, {"acknowledged", gateway_.acknowledged()}});
  out.set("discord", std::move(own));
}

bool simulated_discord::describe_guild(std::uint64_t id, json& out) const {
  auto* in = core_.world.find_guild(id);
  if (!in)
    return false;
  auto& world = core_.world;
  json::array channels;
  for (std::size_t slot = 0; slot < world.options().channels; ++slot) {
    auto channel = world.channel(*in, world.channel_id(*in, static_cast<channel_slot>(slot)));
    json kept = json::object{};
    for (auto* field : {"id", "name", "type", "user_limit"})
      if (channel.has(field))
        kept.set(field, channel[field]);
    channels.push_back(std::move(kept));
  }
  out.set("id", std::to_string(id));
  out.set("name", world.guild_body(*in)["name"]);
  out.set("channels", std::move(channels));
  voice_.describe(*in, out);
  return true;
}

bool simulated_discord::control(const http_request& request, const http_responder& answer) {
  auto path = request.segments();
  auto id_at = [&](std::size_t index) { return parse_id(path[index]).value_or(0); };
  auto body = request.body.empty() ? std::optional{json{}} : json::parse(request.body);
  if (path.size() < 2)
    return false;
  auto load = request.method == "POST" && path.size() == 2 && path[1] == "traffic";
  auto interact =
      request.method == "POST" && path.size() == 4 && path[1] == "users" && path[3] == "interactions";
  auto move = request.method == "PUT" && path.size() == 5 && path[1] == "guilds" && path[3] == "voice";
  if ((interact || move || load) && !body) {
    answer(json_response(400, json::object{{"error", "the body is not JSON"}}));
  } else if (load) {
    auto wrong = traffic_.start(*body);
    answer(json_response(wrong.empty() ? 200 : 400,
                         wrong.empty() ? json::object{} : json::object{{"error", wrong}}));
  } else if (interact) {
    users_.interact(id_at(2), *body, answer);
  } else if (move) {
    answer(users_.move(id_at(2), id_at(4), *body));
  } else if (request.method == "GET" && path.size() == 3 && path[1] == "interactions") {
    auto* found = interactions_.find(id_at(2));
    answer(found ? json_response(200, interactions_.describe(*found))
                 : json_response(404, json::object{{"error", "no such interaction"}}));
  } else {
    return false;
  }
  return true;
}

} // namespace

std::unique_ptr<discord_service> make_discord_service(event_loop& loop, event_log& log, random_source& random,
                                                      discord_options options) {
  return std::make_unique<simulated_discord>(loop, log, random, std::move(options));
}

} // namespace tutti::services::sim::discord
