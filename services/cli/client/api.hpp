#pragma once
#include "services/cli/client/http_client.hpp"
#include "services/cli/client/json.hpp"
#include "services/cli/failure.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::services::cli {

struct api_answer {
  int status = 0;
  json body;        ///< null when there is none
  std::string text; ///< as received
};

/// The node's HTTP API with its failures in words.
class api {
public:
  using parameters = std::vector<std::pair<std::string, std::string>>;

  explicit api(http_client& client) : client_(client) {}

  /// Throws `failure` when there is no answer, when it is a problem, and when it is not JSON.
  api_answer call(const http_request& request);
  /// As call(), but a problem is an answer like any other.
  api_answer ask(const http_request& request);

  api_answer get(std::string path, const parameters& query = {});
  api_answer post(std::string path, std::string body = {});
  api_answer put(std::string path, std::string body);
  api_answer remove(std::string path);

  /// The pages of a list, up to `limit` items (0: all of them).
  void each_page(const std::string& path, parameters query, std::uint64_t limit,
                 const std::function<void(const api_answer&)>& use);

  http_client& client() noexcept { return client_; }

private:
  http_client& client_;
};

/// "cannot reach http://…: connection refused; is a node running? (tutti node)". Not for `interrupted`.
failure unreachable(const http_client& client, const no_answer& why);
/// "POST /jobs: Unprocessable Content (422): …" and a line for each pointer.
failure refused(const http_request& request, const http_answer& answer);

/// "Unprocessable Content (422): the job is not acceptable", of a problem document.
std::string problem_text(const json& problem, int status);
/// "/payload/ms must be an integer" for each of its errors that `words` do not contain yet.
std::vector<std::string> problem_pointers(const json& problem, std::string_view words);

} // namespace tutti::services::cli
