#pragma once
#include "runtime/telemetry/latency_histogram.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Metrics for Prometheus. A caller resolves its series once and keeps the reference; using it is then one
/// relaxed atomic operation. Names: prefix `tutti_`, base units, `_total` for counters; labels have few
/// values that are known beforehand (never a guild, user or job id).
namespace tutti::runtime::telemetry {

/// Only grows.
class counter {
public:
  void inc(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down; whole numbers (a depth, a state, a number of members). Others: a collector.
class gauge {
public:
  void set(std::int64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_{0};
};

/// Counts observations by fixed upper bounds, for what is not a duration (sizes, batches).
class histogram {
public:
  explicit histogram(std::vector<double> bounds);
  void observe(double v) noexcept;

  const std::vector<double>& bounds() const noexcept { return bounds_; }
  std::uint64_t count_in(std::size_t bucket) const noexcept; ///< not cumulative; the last one is +Inf
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

using label_set = std::vector<std::pair<std::string, std::string>>;

enum class metric_type : std::uint8_t { counter, gauge };

/// One value that a collector adds at scrape time.
struct sample {
  std::string_view name;
  std::string_view help;
  metric_type type = metric_type::gauge;
  label_set labels{};
  double value = 0;
};

/// Takes the collectors' samples of one scrape.
class sample_sink {
public:
  virtual ~sample_sink() = default;
  virtual void add(sample s) = 0;
};

/// All series of a node. Thread-safe.
class metrics {
public:
  /// A family with more label sets than this puts all further ones into one series whose label values are
  /// "other": a mistake with labels must not eat the memory of node and Prometheus.
  static constexpr std::size_t max_series = 1000;

  /// Keeps its collector until destroyed; then the collector neither runs nor will run. Not to be destroyed
  /// by the collector itself.
  using registration = std::shared_ptr<void>;

  metrics();
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// The series of that name and label set, the same one each time. References stay valid as long as *this.
  /// Throws std::invalid_argument (a programming mistake, seen at start) when the name or a label name is not
  /// valid, or when the name is in use with another type, other label names or other bounds.
  counter& add_counter(std::string_view name, std::string_view help, label_set at = {});
  gauge& add_gauge(std::string_view name, std::string_view help, label_set at = {});
  histogram& add_histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                           label_set at = {});
  /// In seconds for Prometheus; name it `…_seconds`.
  latency_histogram& add_latency(std::string_view name, std::string_view help, label_set at = {});

  /// `collect` runs in each render(), on its thread; it must not block and not call this object's add_….
  /// Samples with bad names, or of a series that exists already, are left out of the scrape.
  [[nodiscard]] registration add_collector(std::function<void(sample_sink&)> collect);

  /// Prometheus text format 0.0.4.
  std::string render() const;

  /// Calls `visit` with each latency histogram, in the order of name and labels.
  void each_latency(const std::function<void(const std::string& name, const label_set&,
                                             const latency_histogram&)>& visit) const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace tutti::runtime::telemetry
