#include "services/cli/client/sse.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_wait{500}, longest_wait{10s};

void print_event(context& on, const sse_parser::event& e) {
  auto data = json::parse(e.data).value_or(json{});
  if (on.as_json) {
    print_json(on, data.is_null() ? "null" : e.data);
    return;
  }
  if (e.name == "missed") {
    on.to.line("… " + counted(data["missed"].count(), "event") + " missed", tint::yellow);
    return;
  }
  auto time = data["time"].text();
  auto line = time.size() >= 23 ? time.substr(11, 12) : time;
  line += "  " + data["kind"].text() + "  " + data["subject"].text();
  for (auto& [name, value] : data["detail"].members())
    line += "  " + name + "=" + value.text();
  auto kind = e.name.substr(e.name.rfind('.') + 1);
  on.to.line(line, status_cell(kind).colour);
}

bool comes_back(int status) {
  return status == 429 || status >= 500;
}

} // namespace

int follow_events(context& on, const event_options& with) {
  sse_parser parser;
  std::uint64_t seen = 0;
  bool connected = false, was_lost = false;
  auto wait = first_wait;
  auto last = with.after;
  auto use = [&](const sse_parser::event& e) {
    print_event(on, e);
    return with.count == 0 || ++seen < with.count;
  };
  for (;;) {
    http_request request;
    request.path = with_query("/events", {{"topic", with.topic}, {"subject", with.subject}});
    if (!last.empty())
      request.headers.push_back("Last-Event-ID: " + last);
    bool ended = false;
    std::exception_ptr failed; // libcurl is C: nothing may be thrown through it
    auto outcome = on.node.client().stream(request, [&](std::string_view bytes) {
      connected = true;
      wait = first_wait;
      if (std::exchange(was_lost, false))
        on.to.note("connected again");
      try {
        ended = !parser.feed(bytes, use);
        on.to.flush();
      } catch (...) {
        failed = std::current_exception();
      }
      return !ended && !failed;
    });
    if (failed)
      std::rethrow_exception(failed);
    if (ended || on.stop.stop())
      return exit_done;
    std::string why = "the node has closed the stream";
    if (auto* none = std::get_if<no_answer>(&outcome)) {
      if (none->why == no_answer::kind::interrupted)
        return exit_done;
      if (!connected)
        throw unreachable(on.node.client(), *none);
      why = none->words;
    } else if (auto& answer = std::get<http_answer>(outcome); !answer.fine()) {
      if (!connected || !comes_back(answer.status))
        throw refused(request, answer);
      why = refused(request, answer).what();
      wait = std::max(wait, answer.retry_after.value_or(wait));
    }
    connected = true; // an empty stream that ended was a connection too
    if (!std::exchange(was_lost, true))
      on.to.note("lost the stream (" + why + "); trying again until Ctrl-C");
    if (!parser.last_id().empty())
      last = parser.last_id();
    parser.reconnect();
    wait = parser.retry().value_or(wait);
    if (on.stop.stop_within(wait))
      return exit_done;
    wait = std::min(wait * 2, longest_wait);
  }
}

} // namespace tutti::services::cli
