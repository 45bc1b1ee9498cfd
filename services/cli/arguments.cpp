#include "services/cli/arguments.hpp"

#include "runtime/config/load.hpp"
#include "services/cli/failure.hpp"
#include "services/cli/values.hpp"

#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tutti::services::cli {
namespace {

/// All of the command line; where the options of the chosen command go.
class grammar {
public:
  grammar();
  arguments read(const std::vector<std::string>& given);

private:
  using handler = std::function<int(context&)>;

  CLI::App* add(CLI::App* to, const std::string& name, const std::string& summary);
  CLI::App* group(const std::string& name, const std::string& summary);
  CLI::App* talk(CLI::App* to, const std::string& name, const std::string& summary, const handler& use);
  void add_local();
  void add_jobs();
  void add_queues();
  void add_dead_letters();
  void add_observation();
  void add_actors();
  void add_cluster();
  void add_schedules();
  void add_flags();
  void add_job_fields(CLI::App* to, job_fields& job);
  void add_list(CLI::App* to, list_options& list);
  std::string help_of(const std::vector<std::string>& path);
  std::vector<std::string> chosen() const;
  failure explain(const CLI::ParseError& e) const;
  void check_submission() const;

  CLI::App app_{"tutti: an actor-model runtime for music platforms, and the platform on it"};
  arguments out_;
  double timeout_s_ = 30;
  std::vector<std::string> help_for_;
  std::string file_, every_, id_;
  submit_options submit_;
  CLI::App* submit_command_ = nullptr;
  list_options list_;
  dead_retry_options dead_;
  schedule_options schedule_;
  flag_options flag_;
  actor_options actors_;
  entity_options entity_;
  bool plan_ = false;
  event_options events_;
  std::int64_t patience_s_ = 60;
};

CLI::App* grammar::add(CLI::App* to, const std::string& name, const std::string& summary) {
  return to->add_subcommand(name, summary)->fallthrough();
}

CLI::App* grammar::group(const std::string& name, const std::string& summary) {
  return add(&app_, name, summary)->require_subcommand(1);
}

CLI::App* grammar::talk(CLI::App* to, const std::string& name, const std::string& summary,
                        const handler& use) {
  auto* made = add(to, name, summary);
  made->footer("--url, --token, --json and --timeout may stand here too: see tutti --help");
  made->callback([this, made, use] {
    if (!made->get_subcommands().empty()) // that one is meant
      return;
    out_.what = arguments::kind::talk;
    out_.talk = use;
  });
  return made;
}

void grammar::add_job_fields(CLI::App* to, job_fields& job) {
  to->add_option("--payload", job.payload, "The payload as JSON")->check(CLI::Validator(check_json, "JSON"));
  to->add_option("--key", job.key, "Jobs of one queue and key run one after the other");
  to->add_option("--queue", job.queue, "Default: default");
  to->add_option("--priority", job.priority, "high, medium (default) or low")
      ->check(CLI::IsMember({"high", "medium", "low"}));
  to->add_option("--max-attempts", job.max_attempts, "Default: the type's")->check(CLI::Range(1, 100));
  to->add_option("--timeout-ms", job.timeout_ms, "Of one attempt; default: the type's")
      ->check(CLI::Range(1, 86'400'000));
}

void grammar::add_list(CLI::App* to, list_options& list) {
  to->add_option("--type", list.type, "Only of this type");
  to->add_option("--queue", list.queue, "Only in this queue");
  auto* limit = to->add_option("--limit", list.limit, "At most so many")
                    ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
                    ->capture_default_str();
  to->add_flag("--all", list.all, "All of them")->excludes(limit);
}

void grammar::add_local() {
  auto local = [this](CLI::App* command, arguments::kind what) {
    command->callback([this, what] {
      out_.what = what;
      if (!file_.empty())
        out_.config = file_;
    });
  };
  auto* node = add(&app_, "node", "Runs a node until SIGTERM or Ctrl-C");
  node->add_option("--config", file_, "cluster.toml; without it: a single node with everything in memory");
  node->add_option("--name", out_.name, "Which [[node]] of the file to be");
  local(node, arguments::kind::node);
  auto* config = group("config", "Looks at a config file");
  auto* check = add(config, "check", "Says what is wrong, by key and line, or where each value comes from");
  check->add_option("FILE", file_)->required();
  check->add_option("--node", out_.name, "As this node; default: all of the file");
  local(check, arguments::kind::config_check);
  auto* demo = add(&app_, "demo", "Starts a cluster of three nodes, shows and checks what it can do");
  demo->add_flag("--once", out_.demo.once, "Ends after the tour: 0 only if every step did what it says");
  demo->add_option("--port", out_.demo.port, "The first of three; default: 3000, or free ones")
      ->check(CLI::Range(1, 65533));
  local(demo, arguments::kind::demo);
  auto* migrate = add(&app_, "migrate", "Brings the PostgreSQL database up to date");
  migrate->add_option("--config", file_, "cluster.toml; without it: $DATABASE_URL");
  migrate->add_flag("--check", out_.check, "Changes nothing; fails when something is pending");
  local(migrate, arguments::kind::migrate);
  auto* help = add(&app_, "help", "Says what a command takes");
  help->add_option("COMMAND", help_for_);
  help->callback([this] { out_.text = help_of(help_for_); });
}

void grammar::add_jobs() {
  auto* jobs = group("jobs", "Submits, shows and steers jobs");
  auto* submit = talk(jobs, "submit", "Submits one job, or those of a file", [this](context& on) {
    submit_.patience = std::chrono::seconds{patience_s_};
    return jobs_submit(on, submit_);
  });
  submit_command_ = submit;
  auto* source = submit->add_option_group("source", "What to submit");
  source->add_option("--type", submit_.job.type, "The type of the one job (tutti jobs types)");
  source->add_option("--file", submit_.file, "One job a line as JSON (NDJSON); - is standard input");
  source->require_option(1);
  add_job_fields(submit, submit_.job);
  submit->add_option("--idempotency-key", submit_.job.idempotency_key,
                     "Your name for the job: the same key gives the same job");
  submit->add_option("--delay-ms", submit_.job.delay_ms, "Not before so many milliseconds from now")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{366} * 86'400'000));
  submit->add_flag("--wait", submit_.wait, "Waits for the end of all; fails unless all succeed");
  submit->add_option("--patience", patience_s_, "Seconds to try again when the node is busy or away")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();

  auto* list =
      talk(jobs, "list", "Lists jobs, oldest first", [this](context& on) { return jobs_list(on, list_); });
  list->add_option("--status", list_.status)
      ->check(
          CLI::IsMember({"scheduled", "queued", "running", "retrying", "succeeded", "dead", "cancelled"}));
  add_list(list, list_);
  auto by_id = [&](const char* name, const char* summary, int (*use)(context&, const std::string&)) {
    talk(jobs, name, summary, [this, use](context& on) { return use(on, id_); })
        ->add_option("ID", id_)
        ->required();
  };
  by_id("get", "Shows one job with its attempts", jobs_get);
  by_id("cancel", "Cancels a job; a running one is asked to end", jobs_cancel);
  by_id("retry", "Runs a dead or cancelled job again", jobs_retry);
  talk(jobs, "types", "What can be submitted", jobs_types);
}

void grammar::add_queues() {
  auto* queues = group("queues", "Shows and steers queues");
  talk(queues, "list", "Depth by status, rates, oldest waiting job", queues_list);
  for (auto [name, summary] : {std::pair{"pause", "No job of it is started any more"},
                               std::pair{"resume", "Its jobs are started again"},
                               std::pair{"purge", "Cancels all of its jobs that do not run"}})
    talk(queues, name, summary,
         [this, order = std::string{name}](context& on) { return queues_order(on, id_, order); })
        ->add_option("NAME", id_)
        ->required();
}

void grammar::add_dead_letters() {
  auto* dead = group("dead-letters", "Jobs that used up their attempts");
  auto* list = talk(dead, "list", "Lists them, oldest first",
                    [this](context& on) { return dead_letters_list(on, list_); });
  add_list(list, list_);
  list->add_option("--error", list_.error, "Only where the error contains this");
  auto* retry = talk(dead, "retry", "Runs one again, or all that the filters let pass", [this](context& on) {
    if (dead_.id.empty() && dead_.type.empty() && dead_.queue.empty() && dead_.error.empty() && !dead_.max)
      throw failure("name a dead letter, or say which by --type, --queue, --error or --max; see tutti "
                    "dead-letters retry --help",
                    exit_usage);
    return dead_letters_retry(on, dead_);
  });
  auto* id = retry->add_option("ID", dead_.id);
  retry->add_option("--type", dead_.type)->excludes(id);
  retry->add_option("--queue", dead_.queue)->excludes(id);
  retry->add_option("--error", dead_.error, "Part of its error")->excludes(id);
  retry->add_option("--max", dead_.max, "At most so many; default 100")
      ->check(CLI::Range(1, 10'000))
      ->excludes(id);
  talk(dead, "discard", "Deletes one for good", [this](context& on) { return dead_letters_discard(on, id_); })
      ->add_option("ID", id_)
      ->required();
}

void grammar::add_schedules() {
  auto* schedules = group("schedules", "Recurring jobs");
  talk(schedules, "list", "When each runs next", schedules_list);
  auto* put = talk(schedules, "put", "Makes a schedule or replaces it", [this](context& on) {
    if (!every_.empty())
      schedule_.interval_ms = runtime::config::parse_duration(every_).value().count();
    return schedules_put(on, schedule_);
  });
  put->add_option("NAME", schedule_.name)->required();
  put->add_option("--type", schedule_.job.type, "Of the jobs")->required();
  auto* when = put->add_option_group("when", "When it runs");
  when->add_option("--every", every_, "An interval: 10s, 5m, 1h")
      ->check(CLI::Validator(check_duration, "DURATION"));
  when->add_option("--cron", schedule_.cron, "Five or six fields, or @daily and the like");
  when->require_option(1);
  put->add_option("--time-zone", schedule_.time_zone, "Of the cron expression; default UTC");
  put->add_option("--catch-up", schedule_.catch_up, "What to do about missed runs: none (default), once, all")
      ->check(CLI::IsMember({"none", "once", "all"}));
  put->add_option("--jitter-ms", schedule_.jitter_ms, "Runs up to so much later, by chance")
      ->check(CLI::Range(0, 86'400'000));
  put->add_flag("--paused", schedule_.paused, "Make it, but do not run it yet");
  add_job_fields(put, schedule_.job);
  talk(schedules, "delete", "Ends a schedule", [this](context& on) { return schedules_delete(on, id_); })
      ->add_option("NAME", id_)
      ->required();
}

void grammar::add_flags() {
  auto* flags = group("flags", "Feature flags of the cluster");
  talk(flags, "list", "All of them", flags_list);
  talk(flags, "get", "Shows one", [this](context& on) { return flags_get(on, id_); })
      ->add_option("NAME", id_)
      ->required();
  auto* set = talk(flags, "set", "Turns one on or off, or makes it; the rest of it stays as it is",
                   [this](context& on) { return flags_set(on, flag_); });
  set->add_option("NAME", flag_.name)->required();
  set->add_option("STATE", flag_.state, "on or off")->required()->check(CLI::IsMember({"on", "off"}));
  set->add_option("--percentage", flag_.percentage, "Of the keys for which it is on; 100: all")
      ->check(CLI::Range(0, 100));
  set->add_option("--description", flag_.description, "What it is for");
}

void grammar::add_observation() {
  talk(&app_, "supervision", "Draws the supervision tree with its restarts", show_supervision);
  talk(&app_, "health", "How the node is; fails when it is unhealthy", show_health);
  auto* events = talk(&app_, "events", "Follows what happens until Ctrl-C",
                      [this](context& on) { return follow_events(on, events_); });
  events->add_option("--topic", events_.topic)
      ->check(CLI::IsMember({"job", "actor", "member", "player", "node"}));
  events->add_option("--subject", events_.subject, "Only about this job or actor");
  events
      ->add_option("--after", events_.after,
                   "Begins after the event with this number; 0: with the oldest kept")
      ->check(CLI::Range(std::int64_t{0}, INT64_MAX));
  events->add_option("--count", events_.count, "Ends after so many");
}

void grammar::add_actors() {
  auto* actors = talk(&app_, "actors", "Live actors of the cluster; entities",
                      [this](context& on) { return show_actors(on, actors_); });
  actors->add_option("--type", actors_.type, "Only of this type");
  actors->add_option("--node", actors_.node, "Only on this node");
  actors->add_option("--sort", actors_.sort, "path (default), or the greatest first by one of the others")
      ->check(CLI::IsMember({"path", "messages", "mailbox", "busy", "restarts"}));
  actors->add_option("--limit", actors_.limit)
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}))
      ->capture_default_str();
  talk(actors, "types", "Types of entities and their commands", actors_types);
  auto entity = [&](const char* name, const char* summary, int (*use)(context&, const entity_options&)) {
    auto* made = talk(actors, name, summary, [this, use](context& on) { return use(on, entity_); });
    made->add_option("TYPE", entity_.type)->required();
    made->add_option("KEY", entity_.key)->required();
    return made;
  };
  entity("show", "Shows one entity, and where it lives; does not wake it", actors_show);
  auto* command = entity("command", "Has an entity run a command; shows its answer", actors_command);
  command->add_option("COMMAND", entity_.command, "One of its type: tutti actors types")->required();
  command->add_option("JSON", entity_.body, "What the command takes; default {}")
      ->check(CLI::Validator(check_json, "JSON"));
}

void grammar::add_cluster() {
  auto* cluster =
      talk(&app_, "cluster", "Members, the coordinator, what happened; steers members", show_cluster);
  auto by_name = [&](const char* name, const char* summary, handler use) {
    auto* made = talk(cluster, name, summary, use);
    made->add_option("NAME", id_, "Of the node")->required();
    return made;
  };
  by_name("drain", "Moves everything off a node", [this](context& on) {
    return cluster_drain(on, id_, plan_);
  })->add_flag("--plan", plan_, "Only says what would move, and what it costs");
  by_name("undrain", "Lets a drained node own partitions again",
          [this](context& on) { return cluster_undrain(on, id_); });
  by_name("down", "Declares a lost node dead for good",
          [this](context& on) { return cluster_down(on, id_); });
}

grammar::grammar() {
  app_.name("tutti");
  app_.set_version_flag("--version", std::string{"tutti "} + TUTTI_VERSION);
  app_.require_subcommand(1);
  app_.get_formatter()->column_width(34);
  auto& to = out_.connection;
  if (auto url = variable("TUTTI_URL"); !url.empty())
    to.url = url;
  to.token = variable("TUTTI_TOKEN");
  if (to.token.empty())
    to.token = variable("ADMIN_API_TOKEN");
  app_.add_option("--url", to.url, "The node's address; default: $TUTTI_URL, else http://127.0.0.1:3000");
  app_.add_option("--token", to.token, "The admin token; default: $TUTTI_TOKEN, else $ADMIN_API_TOKEN");
  app_.add_flag("--json", out_.as_json, "The node's JSON instead of tables");
  app_.add_option("--timeout", timeout_s_, "Seconds for one exchange with the node")
      ->check(CLI::Range(0.001, 86'400.0))
      ->capture_default_str();
  add_local();
  add_jobs();
  add_queues();
  add_dead_letters();
  add_schedules();
  add_flags();
  add_observation();
  add_actors();
  add_cluster();
}

std::string grammar::help_of(const std::vector<std::string>& path) {
  CLI::App* at = &app_;
  std::string above;
  for (auto& name : path) {
    auto below = at->get_subcommands([&](CLI::App* a) { return a->get_name() == name; });
    above += (above.empty() ? "" : " ") + at->get_name();
    if (below.empty())
      throw failure("there is no command \"" + above + " " + name + "\" (see tutti help)", exit_usage);
    at = below.front();
  }
  return at->help(above);
}

/// The words of the commands that were recognised.
std::vector<std::string> grammar::chosen() const {
  std::vector<std::string> out;
  for (auto* at = &app_; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    out.push_back(at->get_name());
  }
  return out;
}

/// What is wrong, and where to read more.
failure grammar::explain(const CLI::ParseError& e) const {
  const CLI::App* at = &app_;
  std::string words = "tutti";
  for (auto& name : chosen()) {
    words += " " + name;
    at = at->get_subcommand(name);
  }
  auto wrong = std::string{e.what()};
  // CLI11 only says that a command is missing, also when one was misspelt.
  for (auto& given : app_.remaining(true))
    if (at->get_require_subcommand_min() > 0 && !given.starts_with('-')) {
      wrong = "there is no command \"" + words + " " + given + "\"";
      break;
    }
  return failure(wrong + " (see " + words + " --help)", exit_usage);
}

/// CLI11 could exclude them, but would then list all of that in the help of each option.
void grammar::check_submission() const {
  for (auto* name : {"--payload", "--key", "--queue", "--priority", "--max-attempts", "--timeout-ms",
                     "--idempotency-key", "--delay-ms"})
    if (!submit_.file.empty() && submit_command_->count(name) > 0)
      throw failure(std::string{name} + " goes with --type; in a file each line says it for itself "
                        + "(see tutti jobs submit --help)",
                    exit_usage);
}

arguments grammar::read(const std::vector<std::string>& given) {
  std::vector<std::string> reversed{given.rbegin(), given.rend()}; // as CLI11 wants it
  try {
    app_.parse(reversed);
  } catch (const CLI::CallForHelp&) { // no command has run: it is a text
    out_.text = help_of(chosen());
    return std::move(out_);
  } catch (const CLI::CallForVersion& e) {
    out_.text = std::string{e.what()} + "\n";
    return std::move(out_);
  } catch (const CLI::ParseError& e) {
    throw explain(e);
  }
  if (out_.what == arguments::kind::talk) {
    check_submission();
    check_connection(out_.connection);
    out_.connection.timeout = std::chrono::milliseconds{static_cast<std::int64_t>(timeout_s_ * 1000)};
  }
  return std::move(out_);
}

} // namespace

arguments read_arguments(const std::vector<std::string>& given) {
  // Kept: what was understood refers to the options that it holds.
  auto all = std::make_shared<grammar>();
  auto out = all->read(given);
  if (out.talk)
    out.talk = [all, use = std::move(out.talk)](context& on) { return use(on); };
  return out;
}

} // namespace tutti::services::cli
