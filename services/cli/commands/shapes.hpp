#pragma once
#include "services/cli/client/json.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/console/table.hpp"

#include <string>
#include <string_view>

/// How values of the API look to people.
namespace tutti::services::cli {

/// A job's or check's status in its colour.
cell status_cell(const std::string& status);
/// "2026-11-22 17:30:00" of an RFC 3339 time, "" of null.
std::string time_text(const json& time);
/// From startedAt to finishedAt, "" when one is missing.
std::string took_text(const json& job);
/// "failed: attempt 2 of 3 that fail", "" of null.
std::string error_text(const json& error);
/// An answer in one clean line.
void print_json(context& on, std::string_view text);
/// The body of POST /jobs. The payload goes in as it is.
std::string submission_body(const job_fields& job);
/// `,"name":value` for what is given.
void append_members(std::string& out, const job_fields& job);

/// Members of a cluster, of the answer to GET /clusters.
std::string members_table(const json& clusters, const screen& on);
/// Supervisors and their children as drawn lines.
std::string supervision_tree(const json& tree, const screen& on);

} // namespace tutti::services::cli
