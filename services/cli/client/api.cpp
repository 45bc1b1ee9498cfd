#include "services/cli/client/api.hpp"

#include "protocols/http_api/problem.hpp"

#include <algorithm>
#include <variant>

namespace tutti::services::cli {
namespace {

constexpr std::uint64_t largest_page = 500;

http_request request_of(std::string method, std::string path, std::string body = {}) {
  http_request out;
  out.method = std::move(method);
  out.path = std::move(path);
  out.content_type = body.empty() ? "" : "application/json";
  out.body = std::move(body);
  return out;
}

std::string route_of(const http_request& request) {
  return request.method + " " + request.path.substr(0, request.path.find('?'));
}

http_answer answered(http_client& client, const http_request& request) {
  auto outcome = client.send(request);
  if (auto* none = std::get_if<no_answer>(&outcome)) {
    if (none->why == no_answer::kind::interrupted)
      throw interrupted{};
    throw unreachable(client, *none);
  }
  return std::get<http_answer>(std::move(outcome));
}

api_answer parsed(const http_client& client, const http_request& request, http_answer&& answer) {
  api_answer out;
  out.status = answer.status;
  out.text = std::move(answer.body);
  if (out.text.empty())
    return out;
  std::string why;
  auto body = json::parse(out.text, &why);
  if (!body)
    throw failure(route_of(request) + ": the answer of " + client.url() + " is not JSON: " + why
                  + "; is it a tutti node?");
  out.body = std::move(*body);
  return out;
}

} // namespace

failure unreachable(const http_client& client, const no_answer& why) {
  switch (why.why) {
  case no_answer::kind::unreachable:
    return failure("cannot reach " + client.url() + ": " + why.words
                   + "; is a node running? (tutti node, or another --url)");
  case no_answer::kind::timed_out:
    return failure(client.url() + " gave " + why.words + " (--timeout)");
  default:
    return failure("no answer from " + client.url() + ": " + why.words);
  }
}

std::string problem_text(const json& problem, int status) {
  auto title = problem["title"].text();
  if (title.empty())
    title = protocols::http_api::reason_phrase(status);
  auto detail = problem["detail"].text();
  return (title.empty() ? "refused" : title) + " (" + std::to_string(status) + ")"
         + (detail.empty() ? "" : ": " + detail);
}

std::vector<std::string> problem_pointers(const json& problem, std::string_view words) {
  std::vector<std::string> out;
  for (auto& error : problem["errors"].items()) {
    auto pointer = error["pointer"].text();
    auto line = (pointer.empty() ? "the body" : pointer) + " " + error["detail"].text();
    if (words.find(line) == words.npos) // the only mistake is often the detail already
      out.push_back(std::move(line));
  }
  return out;
}

failure refused(const http_request& request, const http_answer& answer) {
  auto body = json::parse(answer.body).value_or(json{});
  auto words = route_of(request) + ": " + problem_text(body, answer.status);
  if (answer.status == 401)
    words += "; give the token by --token or $TUTTI_TOKEN";
  return failure(words, exit_failed, problem_pointers(body, words));
}

api_answer api::call(const http_request& request) {
  auto answer = answered(client_, request);
  if (!answer.fine())
    throw refused(request, answer);
  return parsed(client_, request, std::move(answer));
}

api_answer api::ask(const http_request& request) {
  return parsed(client_, request, answered(client_, request));
}

api_answer api::get(std::string path, const parameters& query) {
  return call(request_of("GET", with_query(std::move(path), query)));
}

api_answer api::post(std::string path, std::string body) {
  return call(request_of("POST", std::move(path), std::move(body)));
}

api_answer api::put(std::string path, std::string body) {
  return call(request_of("PUT", std::move(path), std::move(body)));
}

api_answer api::remove(std::string path) {
  return call(request_of("DELETE", std::move(path)));
}

void api::each_page(const std::string& path, parameters query, std::uint64_t limit,
                    const std::function<void(const api_answer&)>& use) {
  query.emplace_back("limit", "");
  auto size = query.size() - 1;
  query.emplace_back("cursor", "");
  for (std::uint64_t seen = 0;;) {
    auto wanted = limit == 0 ? largest_page : std::min(largest_page, limit - seen);
    query[size].second = std::to_string(wanted);
    auto page = get(path, query);
    use(page);
    seen += page.body["items"].items().size();
    auto next = page.body["nextCursor"].text();
    if (next.empty() || (limit != 0 && seen >= limit))
      return;
    if (next == query[size + 1].second)
      throw failure("GET " + path + ": the list does not go on: the same cursor came twice");
    query[size + 1].second = std::move(next);
  }
}

} // namespace tutti::services::cli
