#include "services/cli/client/submitter.hpp"
#include "services/cli/client/waiter.hpp"
#include "services/cli/commands/commands.hpp"
#include "services/cli/commands/shapes.hpp"
#include "services/cli/console/live.hpp"
#include "services/cli/console/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <sys/stat.h>

namespace tutti::services::cli {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::size_t refusals_shown = 20;
constexpr std::size_t looks_at_once = 500;

struct file_closer {
  void operator()(std::FILE* f) const {
    if (f != stdin)
      std::fclose(f);
  }
};
using file = std::unique_ptr<std::FILE, file_closer>;

file open_jobs(const std::string& name) {
  if (name == "-")
    return file{stdin};
  file out{std::fopen(name.c_str(), "re")};
  if (!out)
    throw failure("cannot open " + name + ": " + std::strerror(errno), exit_usage);
  return out;
}

/// Of a file on disk; 0 when nobody can know.
std::uint64_t size_of(std::FILE* from) {
  struct stat info {};
  if (::fstat(::fileno(from), &info) != 0 || !S_ISREG(info.st_mode))
    return 0;
  return static_cast<std::uint64_t>(info.st_size);
}

std::chrono::milliseconds since(clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin);
}

class submission {
public:
  submission(context& on, const submit_options& with)
      : on_(on), with_(with), live_(on.to.err_stream()), jobs_(on.node) {}

  int run();

private:
  void send_all();
  void take(const line_answer& answer);
  void refuse(std::uint64_t line, const std::string& why);
  void show_sent(std::uint64_t bytes, std::uint64_t size, bool last);
  void wait_for_all();
  void show_result();
  void show_waiting(bool last);
  std::string ended_text() const;

  context& on_;
  const submit_options& with_;
  live_area live_;
  waiter jobs_;
  clock::time_point begin_ = clock::now();
  std::string id_; ///< the last one
  std::uint64_t accepted_ = 0, known_ = 0, refused_ = 0;
};

void submission::refuse(std::uint64_t line, const std::string& why) {
  if (++refused_ > refusals_shown)
    return;
  live_.leave();
  auto where = with_.file.empty() ? std::string{} : "line " + std::to_string(line) + ": ";
  on_.to.note("tutti: " + where + why, tint::red);
  if (refused_ == refusals_shown && !with_.file.empty())
    on_.to.note("further refusals are only counted");
}

void submission::take(const line_answer& answer) {
  if (on_.as_json)
    print_json(on_, answer.text);
  if (!answer.accepted)
    return refuse(answer.line, answer.problem);
  ++accepted_;
  id_ = answer.id;
  known_ += answer.deduplicated ? 1 : 0;
  if (with_.wait)
    jobs_.add(answer.id);
}

void submission::show_sent(std::uint64_t bytes, std::uint64_t size, bool last) {
  if (!last && !live_.due())
    return;
  auto text = counted(accepted_, "job") + " submitted";
  if (refused_ > 0)
    text += ", " + grouped(refused_) + " refused";
  text += ", " + bytes_text(bytes);
  std::string line;
  if (size > 0) {
    auto share = static_cast<double>(bytes) / static_cast<double>(size);
    text += " of " + bytes_text(size);
    line = "[" + bar(share, 30) + "] " + fixed(share * 100, 0) + " %  ";
  }
  if (last)
    live_.finish({line + text}, text);
  else
    live_.show({line + text}, text);
}

void submission::send_all() {
  auto from = open_jobs(with_.file);
  auto size = size_of(from.get());
  batch_reader reader{from.get(), "cli-" + random_name()};
  submitter::options options;
  options.patience = with_.patience;
  options.waiting = [this](const std::string& why) {
    live_.leave();
    on_.to.note("waiting: " + why, tint::yellow);
  };
  submitter sender{on_.node, on_.stop, options};
  try {
    while (auto batch = reader.next()) {
      if (on_.stop.stop())
        throw interrupted{};
      for (auto& answer : sender.send(*batch))
        take(answer);
      for (auto line : batch->too_long)
        refuse(line, "is longer than 8 MiB");
      show_sent(reader.bytes_read(), size, false);
    }
  } catch (const failure& e) {
    if (accepted_ == 0)
      throw;
    throw failure(std::string{e.what()} + " (after " + counted(accepted_, "job") + " submitted)", e.code,
                  e.details);
  }
  show_sent(reader.bytes_read(), size, true);
}

std::string submission::ended_text() const {
  std::string out;
  for (auto& [status, count] : jobs_.ended())
    out += (out.empty() ? "" : ", ") + grouped(count) + " " + status;
  return out;
}

void submission::show_waiting(bool last) {
  if (!last && !live_.due())
    return;
  auto done = jobs_.total() - jobs_.open();
  auto share = jobs_.total() == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(jobs_.total());
  auto ended = ended_text();
  auto text = grouped(done) + " of " + counted(jobs_.total(), "job") + " ended"
              + (ended.empty() ? "" : " (" + ended + ")") + ", " + duration_text(since(begin_));
  std::vector<std::string> lines{"[" + bar(share, 30) + "] " + fixed(share * 100, 0) + " %  " + text};
  if (last)
    live_.finish(lines, text);
  else
    live_.show(lines, text);
}

void submission::wait_for_all() {
  auto pause = 20ms;
  while (jobs_.open() > 0) {
    if (on_.stop.stop())
      throw interrupted{};
    // In small portions, so that the bar moves also while there is much to ask for.
    if (jobs_.look(looks_at_once))
      pause = 20ms;
    else
      on_.stop.pause(std::exchange(pause, std::min<std::chrono::milliseconds>(pause * 2, 500ms)));
    show_waiting(false);
  }
  show_waiting(true);
  if (with_.file.empty() && jobs_.total() > 0)
    return show_result();
  for (auto& lost : jobs_.losses())
    on_.to.note("tutti: " + lost.id + " is " + lost.status + (lost.error.empty() ? "" : ": " + lost.error),
                tint::red);
}

/// Of the only job, which has ended.
void submission::show_result() {
  auto answer = on_.node.get("/jobs/" + percent_encoded(id_));
  if (on_.as_json)
    return print_json(on_, answer.text);
  auto& job = answer.body;
  auto shown = status_cell(job["status"].text());
  auto more = job["result"].is_null() ? error_text(job["error"]) : job["result"].dump();
  on_.to.line(shown.text + (more.empty() ? "" : ": " + more), shown.colour);
}

int submission::run() {
  if (with_.file.empty()) {
    auto job = with_.job;
    if (job.idempotency_key.empty())
      job.idempotency_key = "cli-" + random_name();
    job_batch one;
    one.lines.push_back({1, submission_body(job)});
    submitter::options options;
    options.patience = with_.patience;
    options.waiting = [this](const std::string& why) { on_.to.note("waiting: " + why, tint::yellow); };
    for (auto& answer : submitter{on_.node, on_.stop, options}.send(one)) {
      take(answer);
      if (answer.accepted && !on_.as_json)
        on_.to.line(answer.id + (answer.deduplicated ? "  (known already by its idempotency key)" : ""));
    }
  } else {
    send_all();
    if (!on_.as_json) {
      auto took = since(begin_);
      auto rate = static_cast<double>(accepted_) / std::max(0.001, static_cast<double>(took.count()) / 1000);
      on_.to.line(counted(accepted_, "job") + " submitted in " + duration_text(took) + " ("
                  + grouped(static_cast<std::uint64_t>(rate)) + "/s), " + grouped(known_)
                  + " of them known already, " + grouped(refused_) + " refused");
    }
  }
  on_.to.flush();
  if (with_.wait)
    wait_for_all();
  auto succeeded = jobs_.ended().find("succeeded");
  bool fine = refused_ == 0
              && (!with_.wait || jobs_.total() == (succeeded == jobs_.ended().end() ? 0 : succeeded->second));
  return fine ? exit_done : exit_failed;
}

} // namespace

int jobs_submit(context& on, const submit_options& with) {
  return submission{on, with}.run();
}

} // namespace tutti::services::cli
