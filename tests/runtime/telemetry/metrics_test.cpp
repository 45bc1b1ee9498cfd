#include "runtime/telemetry/metrics.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace tutti::runtime::telemetry;
using testing::HasSubstr;
using testing::Not;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

TEST(Metrics, GivenCountersAndGaugesWhenRenderedThenPrometheusText) {
  metrics m;
  m.add_counter("tutti_http_requests_total", "Answers", {{"status", "200"}, {"method", "GET"}}).inc(2);
  m.add_counter("tutti_http_requests_total", "Answers", {{"status", "404"}, {"method", "GET"}}).inc();
  m.add_gauge("tutti_cluster_members", "Members", {{"state", "up"}}).set(-3);
  EXPECT_EQ(m.render(), "# HELP tutti_cluster_members Members\n"
                        "# TYPE tutti_cluster_members gauge\n"
                        "tutti_cluster_members{state=\"up\"} -3\n"
                        "# HELP tutti_http_requests_total Answers\n"
                        "# TYPE tutti_http_requests_total counter\n"
                        "tutti_http_requests_total{method=\"GET\",status=\"200\"} 2\n"
                        "tutti_http_requests_total{method=\"GET\",status=\"404\"} 1\n");
}

TEST(Metrics, GivenSameNameAndLabelsInAnyOrderWhenAddedAgainThenSameSeries) {
  metrics m;
  auto& one = m.add_counter("a_total", "", {{"x", "1"}, {"y", "2"}});
  EXPECT_EQ(&one, &m.add_counter("a_total", "", {{"y", "2"}, {"x", "1"}}));
  EXPECT_NE(&one, &m.add_counter("a_total", "", {{"y", "1"}, {"x", "1"}}));
}

TEST(Metrics, GivenMisuseWhenAddedThenThrowsAndRenderStaysWhole) {
  metrics m;
  m.add_counter("a_total", "", {{"x", "1"}});
  m.add_histogram("h", "", {1, 2});
  EXPECT_THROW(m.add_gauge("a_total", ""), std::invalid_argument);
  EXPECT_THROW(m.add_counter("a_total", "", {{"y", "1"}}), std::invalid_argument);
  EXPECT_THROW(m.add_counter("a_total", ""), std::invalid_argument);
  EXPECT_THROW(m.add_counter("a-total", ""), std::invalid_argument);
  EXPECT_THROW(m.add_counter("", ""), std::invalid_argument);
  EXPECT_THROW(m.add_counter("b", "", {{"bad-label", "1"}}), std::invalid_argument);
  EXPECT_THROW(m.add_counter("b", "", {{"__x", "1"}}), std::invalid_argument);
  EXPECT_THROW(m.add_counter("b", "", {{"x", "1"}, {"x", "2"}}), std::invalid_argument);
  EXPECT_THROW(m.add_histogram("h2", "", {1}, {{"le", "1"}}), std::invalid_argument);
  EXPECT_THROW(m.add_histogram("h", "", {1, 3}), std::invalid_argument);
  EXPECT_THROW(m.add_histogram("h3", "", {2, 1}), std::invalid_argument);
  EXPECT_THROW(m.add_latency("h", ""), std::invalid_argument);
  EXPECT_THAT(m.render(), HasSubstr("a_total{x=\"1\"} 0\n"));
}

TEST(Metrics, GivenHostileLabelValuesWhenRenderedThenEscapedAndUtf8) {
  metrics m;
  m.add_gauge("g", "help\nwith break", {{"v", "a\"b\\c\nd\xFF"}});
  auto text = m.render();
  EXPECT_THAT(text, HasSubstr("g{v=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("# HELP g help\\nwith break\n"));
}

TEST(Metrics, GivenHistogramWhenRenderedThenCumulativeBuckets) {
  metrics m;
  auto& h = m.add_histogram("batch_size", "", {1, 10});
  for (double v : {0.5, 1.0, 5.0, 50.0, std::nan("")})
    h.observe(v);
  auto text = m.render();
  EXPECT_THAT(text, HasSubstr("batch_size_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("batch_size_bucket{le=\"10\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("batch_size_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("batch_size_count 4\n"));
  EXPECT_THAT(text, HasSubstr("batch_size_sum 56.5\n"));
}

TEST(Metrics, GivenLatencyWhenRenderedThenSecondsWithTwelveBuckets) {
  metrics m;
  auto& h = m.add_latency("tutti_job_duration_seconds", "", {{"type", "diag.echo"}});
  h.observe(1ms);
  h.observe(2s);
  h.observe(60s);
  auto text = m.render();
  EXPECT_THAT(text, HasSubstr("tutti_job_duration_seconds_bucket{type=\"diag.echo\",le=\"0.0005\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tutti_job_duration_seconds_bucket{type=\"diag.echo\",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tutti_job_duration_seconds_bucket{type=\"diag.echo\",le=\"30\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("tutti_job_duration_seconds_bucket{type=\"diag.echo\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("tutti_job_duration_seconds_sum{type=\"diag.echo\"} 62.001\n"));
  EXPECT_EQ(count_of(text, "_bucket{"), 13U);
}

TEST(Metrics, GivenTooManyLabelSetsWhenAddedThenTheRestShareOneSeries) {
  metrics m;
  for (std::size_t i = 0; i < metrics::max_series + 500; ++i)
    m.add_counter("a_total", "", {{"user", std::to_string(i)}}).inc();
  auto text = m.render();
  EXPECT_THAT(text, HasSubstr("a_total{user=\"other\"} 500\n"));
  EXPECT_EQ(count_of(text, "a_total{"), metrics::max_series + 1);
}

TEST(Metrics, GivenCollectorsWhenRenderedThenTheirSamplesJoinTheFamily) {
  metrics m;
  m.add_gauge("tutti_actors", "Live actors", {{"type", "b"}}).set(1);
  auto one = m.add_collector([](sample_sink& to) {
    to.add({"tutti_actors", "Live actors", metric_type::gauge, {{"type", "a"}}, 2.5});
    to.add({"tutti_queue_depth", "Jobs", metric_type::gauge, {}, 7});
  });
  auto two = m.add_collector([](sample_sink& to) {
    to.add({"tutti_queue_depth", "Jobs", metric_type::gauge, {{"q", "x"}}, 1});
  });
  auto text = m.render();
  EXPECT_EQ(count_of(text, "# TYPE tutti_actors gauge\n"), 1U);
  EXPECT_THAT(text, HasSubstr("tutti_actors{type=\"b\"} 1\ntutti_actors{type=\"a\"} 2.5\n"));
  EXPECT_THAT(text, HasSubstr("tutti_queue_depth 7\ntutti_queue_depth{q=\"x\"} 1\n"));
}

TEST(Metrics, GivenCollectorsThatMisbehaveWhenRenderedThenOnlyTheirBadSamplesAreLost) {
  metrics m;
  m.add_counter("a_total", "").inc();
  auto bad = m.add_collector([](sample_sink& to) {
    to.add({"a_total", "", metric_type::counter, {}, 99});    // exists
    to.add({"a_total", "", metric_type::gauge, {{"x", ""}}}); // other type
    to.add({"bad name", "", metric_type::gauge, {}, 1});
    to.add({"g", "", metric_type::gauge, {{"le", "1"}}, 1});
    to.add({"good", "", metric_type::gauge, {}, std::numeric_limits<double>::infinity()});
    throw std::runtime_error("x");
  });
  auto other = m.add_collector([](sample_sink& to) { to.add({"other", "", metric_type::gauge, {}, 1}); });
  auto text = m.render();
  EXPECT_THAT(text, HasSubstr("a_total 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("99")));
  EXPECT_THAT(text, Not(HasSubstr("bad name")));
  EXPECT_THAT(text, HasSubstr("good +Inf\n"));
  EXPECT_THAT(text, HasSubstr("other 1\n"));
}

TEST(Metrics, GivenRegistrationWhenDestroyedThenCollectorGone) {
  metrics m;
  int calls = 0;
  auto r = m.add_collector([&](sample_sink&) { ++calls; });
  m.render();
  r.reset();
  m.render();
  EXPECT_EQ(calls, 1);
}

TEST(Metrics, GivenRegistrationWhenItOutlivesTheMetricsThenHarmless) {
  metrics::registration r;
  {
    metrics m;
    r = m.add_collector([](sample_sink&) {});
  }
  r.reset();
}

TEST(Metrics, GivenScrapesAndUpdatesAtOnceWhenDoneThenAllCounted) {
  metrics m;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&m] {
      for (int i = 0; i < 200; ++i) {
        m.add_counter("a_total", "", {{"k", std::to_string(i % 7)}}).inc();
        auto r = m.add_collector([](sample_sink& to) { to.add({"c", "", metric_type::gauge, {}, 1}); });
      }
    });
  for (int i = 0; i < 50; ++i)
    m.render();
  for (auto& thread : threads)
    thread.join();
  std::uint64_t total = 0;
  for (int k = 0; k < 7; ++k)
    total += m.add_counter("a_total", "", {{"k", std::to_string(k)}}).value();
  EXPECT_EQ(total, 600U);
}

TEST(Metrics, GivenLatenciesWhenVisitedThenEachWithItsLabels) {
  metrics m;
  m.add_latency("b_seconds", "", {{"r", "1"}}).observe(1s);
  m.add_latency("a_seconds", "");
  m.add_counter("c_total", "");
  std::string seen;
  m.each_latency([&](auto& name, auto& at, auto& h) {
    seen += name + (at.empty() ? "" : at[0].second) + ":" + std::to_string(h.read().count) + " ";
  });
  EXPECT_EQ(seen, "a_seconds:0 b_seconds1:1 ");
}

} // namespace
