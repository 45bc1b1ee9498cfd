#pragma once
#include "services/redis/protocol/reply.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct redisReader;
struct redisReadTask;

namespace tutti::services::redis {

/// Replies out of a stream of bytes, by hiredis' reader, which allows arrays 7 deep. What a broken or hostile
/// server can make it keep is bounded: `max_bytes` for one reply, strings and elements counted.
class reply_parser {
public:
  explicit reply_parser(std::size_t max_bytes);
  ~reply_parser();
  reply_parser(const reply_parser&) = delete;
  reply_parser& operator=(const reply_parser&) = delete;

  void feed(std::string_view bytes);
  /// False: no further whole reply, or error() says what is wrong with the stream, for good.
  bool next(reply& out);
  const std::string& error() const noexcept { return error_; }

private:
  struct builder;
  struct free_reader {
    void operator()(redisReader* reader) const noexcept;
  };

  reply* place(const redisReadTask& task) noexcept;
  bool charge(std::size_t bytes) noexcept;
  void check_unfinished();

  std::size_t max_bytes_;
  std::size_t used_ = 0; // by the reply that is being built
  reply root_;           // the same
  std::string error_;
  std::unique_ptr<redisReader, free_reader> reader_;
};

} // namespace tutti::services::redis
