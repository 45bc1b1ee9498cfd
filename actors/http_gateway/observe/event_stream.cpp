#include "actors/http_gateway/observe/event_stream.hpp"

#include <utility>
#include <vector>

namespace tutti::actors::http_gateway {
namespace {

using namespace runtime::telemetry;

constexpr std::size_t events_per_read = 128;

class event_stream final : public event_feed {
public:
  event_stream(event_bus& bus, event_filter filter, std::optional<std::uint64_t> after)
      : bus_(bus), filter_(std::move(filter)), last_(after.value_or(bus.last_seq())) {}

  void pull(std::string& out, std::size_t max_bytes) override {
    auto begin = out.size();
    while (out.size() - begin < max_bytes) {
      events_.clear();
      auto read = subscription_.read_after(last_, events_per_read, events_);
      last_ = read.last;
      if (read.missed != 0)
        append_missed_stream(out, read.missed);
      for (auto& e : events_)
        if (wanted(e))
          append_event_stream(out, e);
      if (!read.more)
        return;
    }
  }

  void on_ready(std::function<void()> wake) override {
    auto first = wake;
    subscription_ = bus_.subscribe(std::move(wake));
    first(); // what is kept already wakes nobody
  }

private:
  bool wanted(const event& e) const {
    return (filter_.topic.empty() || to_string(e.topic) == filter_.topic)
           && (filter_.subject.empty() || e.subject() == filter_.subject);
  }

  event_bus& bus_;
  event_filter filter_;
  std::uint64_t last_;
  event_bus::subscription subscription_;
  std::vector<event> events_;
};

} // namespace

bool is_topic(std::string_view name) noexcept {
  for (auto t : {topic::job, topic::actor, topic::member, topic::player, topic::node})
    if (to_string(t) == name)
      return true;
  return false;
}

std::shared_ptr<event_feed> make_event_stream(event_bus& bus, event_filter filter,
                                              std::optional<std::uint64_t> after) {
  return std::make_shared<event_stream>(bus, std::move(filter), after);
}

} // namespace tutti::actors::http_gateway
