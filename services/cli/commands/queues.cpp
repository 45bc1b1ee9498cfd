#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/text.hpp"

#include <array>
#include <string_view>

namespace tutti::services::cli {
namespace {

constexpr std::array<std::string_view, 7> statuses{"scheduled", "queued", "running",  "retrying",
                                                   "succeeded", "dead",   "cancelled"};

/// Jobs of all priorities in one status.
std::uint64_t depth(const json& queue, std::string_view status) {
  std::uint64_t sum = 0;
  for (auto& [priority, counts] : queue["depth"].members())
    sum += counts[status].count();
  return sum;
}

void print_queues(context& on, const std::vector<json>& queues) {
  std::vector<column> columns{{"QUEUE", false, 8}, {"STATE"}};
  for (auto status : statuses)
    columns.push_back({std::string{status}, true, 0, status == "cancelled" ? 2 : 0});
  for (auto title : {"IN/S", "OUT/S", "OLDEST"})
    columns.push_back({title, true, 0, 1});
  table out{std::move(columns)};
  for (auto& queue : queues) {
    std::vector<cell> row{queue["name"].text(), status_cell(queue["paused"].flag() ? "paused" : "open")};
    for (auto status : statuses) {
      auto count = depth(queue, status);
      row.emplace_back(grouped(count), count == 0 ? tint::dim : status == "dead" ? tint::red : tint::none);
    }
    row.emplace_back(fixed(queue["submittedPerSecond"].number(), 1));
    row.emplace_back(fixed(queue["finishedPerSecond"].number(), 1));
    auto oldest = queue["oldestAgeSeconds"].number();
    row.emplace_back(
        oldest > 0 ? duration_text(std::chrono::milliseconds{static_cast<std::int64_t>(oldest * 1000)}) : "");
    out.add(std::move(row));
  }
  on.to.raw(out.render(on.to.out()));
}

} // namespace

int queues_list(context& on) {
  auto answer = on.node.get("/queues");
  if (on.as_json)
    print_json(on, answer.text);
  else if (auto queues = answer.body["items"].items(); queues.empty())
    on.to.note("no queues yet: one begins with its first job");
  else
    print_queues(on, queues);
  return exit_done;
}

int queues_order(context& on, const std::string& name, const std::string& order) {
  auto answer = on.node.post("/queues/" + percent_encoded(name) + "/" + order);
  if (on.as_json)
    print_json(on, answer.text);
  else if (order == "purge")
    on.to.line(name + ": " + counted(answer.body["cancelled"].count(), "job")
               + " cancelled (those that run go on)");
  else
    print_queues(on, {answer.body});
  return exit_done;
}

} // namespace tutti::services::cli
