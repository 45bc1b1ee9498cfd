#include "runtime/telemetry/metrics.hpp"

#include "runtime/telemetry/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <variant>

#include <prometheus/check_names.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

// prometheus-cpp checks names and writes the text format. Its own Counter (a compare-and-swap loop on a
// double) and Histogram (a mutex) are slower than the atomics here, and its registry cannot join a family's
// series with those of a collector.
namespace tutti::runtime::telemetry {
using kind = prometheus::MetricType;
using instrument = std::variant<std::unique_ptr<counter>, std::unique_ptr<gauge>, std::unique_ptr<histogram>,
                                std::unique_ptr<latency_histogram>>;

struct metric_family {
  std::string help;
  kind type;
  std::size_t alternative; // of `instrument`
  std::map<label_set, instrument> series;
};

struct metric_collector {
  std::mutex running;
  std::function<void(sample_sink&)> collect; // empty: its registration is gone
};

namespace {

bool valid_label(const std::string& name) {
  return prometheus::CheckLabelName(name) && name != "le";
}

bool valid_names(const std::string& name, const label_set& at) {
  return prometheus::CheckMetricName(name)
         && std::all_of(at.begin(), at.end(), [](auto& l) { return valid_label(l.first); })
         && std::adjacent_find(at.begin(), at.end(), [](auto& a, auto& b) { return a.first == b.first; })
                == at.end();
}

bool same_names(const label_set& a, const label_set& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto& x, auto& y) { return x.first == y.first; });
}

/// One bad byte in a label makes Prometheus refuse the whole scrape.
void clean(label_set& at) {
  std::sort(at.begin(), at.end());
  for (auto& l : at)
    l.second = to_utf8(l.second);
}

std::string one_line(std::string_view help) {
  std::string out;
  append_line_escaped(out, help);
  return out;
}

void write_to(prometheus::ClientMetric& out, const counter& c) {
  out.counter.value = static_cast<double>(c.value());
}
void write_to(prometheus::ClientMetric& out, const gauge& g) {
  out.gauge.value = static_cast<double>(g.value());
}

void write_to(prometheus::ClientMetric& out, const histogram& h) {
  auto& to = out.histogram;
  for (std::size_t i = 0; i <= h.bounds().size(); ++i) {
    to.sample_count += h.count_in(i);
    auto bound = i < h.bounds().size() ? h.bounds()[i] : std::numeric_limits<double>::infinity();
    to.bucket.push_back({to.sample_count, bound});
  }
  to.sample_sum = h.sum();
}

void write_to(prometheus::ClientMetric& out, const latency_histogram& h) {
  auto& to = out.histogram;
  auto now = h.read();
  auto counts = now.cumulative();
  for (std::size_t i = 0; i < counts.size(); ++i)
    to.bucket.push_back({counts[i], latency_histogram::bounds_us[i] / 1e6});
  to.bucket.push_back({now.count, std::numeric_limits<double>::infinity()});
  to.sample_count = now.count;
  to.sample_sum = std::chrono::duration<double>(now.sum).count();
}

prometheus::ClientMetric at_labels(const label_set& at) {
  prometheus::ClientMetric result;
  for (auto& [name, value] : at)
    result.label.push_back({name, value});
  return result;
}

/// What one scrape has gathered. Several collectors may add to one family, whose lines must stand together.
class scrape final : public sample_sink {
public:
  void add(sample s) override {
    std::string name{s.name};
    clean(s.labels);
    if (!valid_names(name, s.labels))
      return;
    auto type = s.type == metric_type::counter ? kind::Counter : kind::Gauge;
    auto& to = open(name, one_line(s.help), type);
    if (to.type != type || !seen_.insert({name, s.labels}).second)
      return;
    auto& line = to.metric.emplace_back(at_labels(s.labels));
    (type == kind::Counter ? line.counter.value : line.gauge.value) = s.value;
  }

  void add(const std::string& name, const metric_family& from) {
    auto& to = open(name, from.help, from.type);
    for (auto& [at, series] : from.series) {
      seen_.insert({name, at});
      auto& line = to.metric.emplace_back(at_labels(at));
      std::visit([&](auto& x) { write_to(line, *x); }, series);
    }
  }

  std::string text() const {
    std::vector<prometheus::MetricFamily> all;
    for (auto& [name, one] : families_)
      if (!one.metric.empty())
        all.push_back(one);
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, all);
    return std::move(out).str();
  }

private:
  prometheus::MetricFamily& open(const std::string& name, const std::string& help, kind type) {
    return families_.try_emplace(name, prometheus::MetricFamily{name, help, type, {}}).first->second;
  }

  std::map<std::string, prometheus::MetricFamily> families_;
  std::set<std::pair<std::string, label_set>> seen_;
};

} // namespace

histogram::histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), buckets_(new std::atomic<std::uint64_t>[bounds_.size() + 1] {}) {}

void histogram::observe(double v) noexcept {
  if (std::isnan(v)) // would make the sum useless for good
    return;
  std::size_t i = 0;
  while (i < bounds_.size() && v > bounds_[i])
    ++i;
  buckets_[i].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(v, std::memory_order_relaxed);
}

std::uint64_t histogram::count_in(std::size_t bucket) const noexcept {
  return buckets_[bucket].load(std::memory_order_relaxed);
}

struct metrics::state {
  mutable std::mutex mutex;
  std::map<std::string, metric_family> families;
  std::vector<std::weak_ptr<metric_collector>> collectors;

  template <class T, class Make>
  T& resolve(std::string_view name_text, std::string_view help, kind type, label_set at, Make make) {
    std::string name{name_text};
    clean(at);
    if (!valid_names(name, at))
      throw std::invalid_argument("metric " + name + ": bad name or label name");
    using pointer = std::unique_ptr<T>;
    auto alternative = instrument{pointer{}}.index();
    std::lock_guard guard{mutex};
    auto& f = families.try_emplace(name, metric_family{one_line(help), type, alternative, {}}).first->second;
    if (f.alternative != alternative || (!f.series.empty() && !same_names(f.series.begin()->first, at)))
      throw std::invalid_argument("metric " + name + ": in use with another type or other labels");
    auto found = f.series.find(at);
    if (found == f.series.end() && f.series.size() >= max_series) {
      for (auto& l : at)
        l.second = "other";
      found = f.series.find(at);
    }
    if (found == f.series.end())
      found = f.series.emplace(std::move(at), make()).first;
    return *std::get<pointer>(found->second);
  }
};

metrics::metrics() : state_(std::make_unique<state>()) {}
metrics::~metrics() = default;

counter& metrics::add_counter(std::string_view name, std::string_view help, label_set at) {
  return state_->resolve<counter>(name, help, kind::Counter, std::move(at),
                                  [] { return std::make_unique<counter>(); });
}

gauge& metrics::add_gauge(std::string_view name, std::string_view help, label_set at) {
  return state_->resolve<gauge>(name, help, kind::Gauge, std::move(at),
                                [] { return std::make_unique<gauge>(); });
}

histogram& metrics::add_histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                                  label_set at) {
  auto unordered = [](double a, double b) { return !(a < b); };
  if (std::adjacent_find(bounds.begin(), bounds.end(), unordered) != bounds.end()
      || !std::all_of(bounds.begin(), bounds.end(), [](double b) { return std::isfinite(b); }))
    throw std::invalid_argument("metric " + std::string{name} + ": bounds must be finite and grow");
  auto& result = state_->resolve<histogram>(name, help, kind::Histogram, std::move(at),
                                            [&] { return std::make_unique<histogram>(bounds); });
  if (result.bounds() != bounds)
    throw std::invalid_argument("metric " + std::string{name} + ": in use with other bounds");
  return result;
}

latency_histogram& metrics::add_latency(std::string_view name, std::string_view help, label_set at) {
  return state_->resolve<latency_histogram>(name, help, kind::Histogram, std::move(at),
                                            [] { return std::make_unique<latency_histogram>(); });
}

metrics::registration metrics::add_collector(std::function<void(sample_sink&)> collect) {
  auto entry = std::make_shared<metric_collector>();
  entry->collect = std::move(collect);
  std::lock_guard guard{state_->mutex};
  std::erase_if(state_->collectors, [](auto& c) { return c.expired(); });
  state_->collectors.push_back(entry);
  // The deleter waits for a scrape that is just running the collector.
  return {static_cast<void*>(entry.get()), [entry](void*) {
            std::lock_guard wait{entry->running};
            entry->collect = nullptr;
          }};
}

std::string metrics::render() const {
  scrape now;
  std::vector<std::shared_ptr<metric_collector>> collectors;
  {
    std::lock_guard guard{state_->mutex};
    for (auto& [name, one] : state_->families)
      now.add(name, one);
    for (auto& weak : state_->collectors)
      if (auto strong = weak.lock())
        collectors.push_back(std::move(strong));
  }
  for (auto& one : collectors) {
    std::lock_guard guard{one->running};
    try {
      if (one->collect)
        one->collect(now);
    } catch (...) { // a scrape without this collector's samples is better than none
    }
  }
  return now.text();
}

void metrics::each_latency(
    const std::function<void(const std::string&, const label_set&, const latency_histogram&)>& visit) const {
  std::lock_guard guard{state_->mutex};
  for (auto& [name, one] : state_->families)
    for (auto& [at, series] : one.series)
      if (auto* found = std::get_if<std::unique_ptr<latency_histogram>>(&series))
        visit(name, at, **found);
}

} // namespace tutti::runtime::telemetry
