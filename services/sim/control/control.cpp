#include "services/sim/control/control.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tutti::services::sim {
namespace {

http_response refusal(int status, std::string_view why) {
  return json_response(status, json::object{{"error", why}});
}

/// `otherwise` for an empty text; 0 for what is no number.
std::uint64_t number_of(std::string_view text, std::uint64_t otherwise) {
  if (text.empty())
    return otherwise;
  std::uint64_t out = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failure == std::errc{} && end == text.data() + text.size() ? out : 0;
}

} // namespace

control::control(event_loop& loop, const std::string& host, std::uint16_t port, event_log& log,
                 std::vector<service*> services)
    : log_(log), services_(std::move(services)),
      server_(loop, host, port, [this](const http_request& request, const http_responder& answer) {
        handle(request, answer);
      }) {}

void control::handle(const http_request& request, const http_responder& answer) {
  auto path = request.segments();
  auto is = [&](std::string_view method, std::string_view what, std::size_t parts) {
    return request.method == method && path.size() == parts && path[0] == "sim" && path[1] == what;
  };
  if (is("GET", "summary", 2))
    return answer(summary());
  if (is("GET", "log", 2))
    return answer(log_since(request));
  if (is("GET", "guilds", 3))
    return answer(guild(path[2]));
  if (is("POST", "faults", 2))
    return answer(inject(request));
  if (is("DELETE", "faults", 2)) {
    for (auto* one : services_)
      one->heal();
    return answer(json_response(200, json::object{}));
  }
  for (auto* one : services_)
    if (one->control(request, answer))
      return;
  answer(refusal(404, "no such control route"));
}

http_response control::summary() const {
  json out = json::object{};
  for (auto* one : services_)
    one->summarise(out);
  out.set("breaches", log_.breaches());
  return json_response(200, out);
}

http_response control::guild(const std::string& id) const {
  json out = json::object{};
  auto known = false;
  for (auto* one : services_)
    known |= one->describe_guild(number_of(id, 0), out);
  return known ? json_response(200, out) : refusal(404, "no such guild");
}

http_response control::inject(const http_request& request) {
  auto fault = json::parse(request.body);
  if (!fault || !(*fault)["fault"].is_string())
    return refusal(400, "a fault is {\"service\": …, \"fault\": …}");
  auto found = std::find_if(services_.begin(), services_.end(),
                            [&](auto* one) { return one->name() == (*fault)["service"].text(); });
  if (found == services_.end())
    return refusal(404, "no such service is simulated here: service");
  auto wrong = (*found)->inject(*fault);
  return wrong.empty() ? json_response(200, *fault) : refusal(400, wrong);
}

http_response control::log_since(const http_request& request) const {
  http_response out;
  out.body = log_.since(number_of(request.parameter("since"), 1),
                        std::min<std::uint64_t>(number_of(request.parameter("limit"), 5000), 50'000));
  return out;
}

} // namespace tutti::services::sim
