#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include <time.h>
#include <unistd.h>

/// What the benchmark programs share: one JSON line a figure.
namespace tutti::bench {

inline void report(const char* figure, const char* of, double value, const char* unit) {
  std::printf("{\"figure\":\"%s\",\"of\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", figure, of, value, unit);
  std::fflush(stdout);
}

inline double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  long total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

inline double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

class stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

} // namespace tutti::bench
