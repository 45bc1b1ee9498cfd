#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

namespace tutti::bench {

/// A blocking hiredis connection with the scripts that make the same writes as ours, and nothing else: the
/// floor of what such jobs cost. Keys begin with "bare:". Any failure aborts.
class bare_redis {
public:
  explicit bare_redis(std::uint16_t port);

  double cpu_seconds(); ///< that the server has used
  /// One script call a job, 16 in the pipeline. Per second.
  double submission_rate(int jobs);
  /// Claims a hundred, and ends them while it claims the next. Per second.
  double run_rate(int jobs);

private:
  struct free_context {
    void operator()(redisContext* c) const noexcept { redisFree(c); }
  };
  struct free_reply {
    void operator()(redisReply* r) const noexcept { freeReplyObject(r); }
  };
  using reply = std::unique_ptr<redisReply, free_reply>;

  void send(const std::vector<std::string>& words);
  reply receive();
  std::string load(const char* script);

  std::unique_ptr<redisContext, free_context> to_;
};

} // namespace tutti::bench
