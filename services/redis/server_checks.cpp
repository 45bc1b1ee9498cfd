#include "services/redis/server_checks.hpp"

#include <string_view>
#include <utility>

namespace tutti::services::redis {
namespace {

constexpr std::string_view checked[] = {"appendonly", "appendfsync", "maxmemory-policy"};

std::string finding(std::string_view setting, std::string_view value) {
  std::string is = std::string{setting} + " is " + std::string{value} + ": ";
  if (setting == "appendonly" && value != "yes")
    return is + "what was accepted is lost when the server restarts; set appendonly yes";
  if (setting == "appendfsync" && value == "no")
    return is
           + "what was accepted in the last half minute is lost with the server's host; set it to everysec "
             "or always";
  if (setting == "maxmemory-policy" && value != "noeviction")
    return is
           + "the server drops keys when its memory is full, jobs among them; set maxmemory-policy "
             "noeviction";
  return "";
}

} // namespace

std::vector<std::string> durability_findings(const batch_result& answers) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::size(checked); ++i) {
    std::string name{checked[i]};
    reply none;
    auto& answer = i < answers.replies.size() ? answers.replies[i] : none;
    auto pair = answer.elements();
    if (answer.type() == reply::kind::missing)
      out.push_back(name + " could not be checked: " + answers.reason);
    else if (answer.is_error())
      out.push_back(name + " could not be checked, CONFIG GET is refused: " + std::string{answer.text()});
    else if (pair.size() != 2)
      out.push_back(name + " could not be checked: the server does not know it");
    else if (auto found = finding(name, pair[1].text()); !found.empty())
      out.push_back(std::move(found));
  }
  return out;
}

void check_durability(client& of, client::clock::time_point deadline,
                      std::function<void(std::vector<std::string>)> done) {
  command_batch batch;
  for (auto setting : checked)
    batch.add("CONFIG", "GET", setting);
  of.send(std::move(batch), deadline,
          [done = std::move(done)](batch_result&& answers) { done(durability_findings(answers)); });
}

} // namespace tutti::services::redis
