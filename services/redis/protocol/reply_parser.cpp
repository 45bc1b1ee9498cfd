#include "services/redis/protocol/reply_parser.hpp"

#include <charconv>
#include <new>
#include <utility>

#include <hiredis/read.h>

namespace tutti::services::redis {
namespace {

/// Of a reply that is no bulk string: a status, an error, a number.
constexpr std::size_t max_line = 64 * 1024;
/// Beyond it an empty read buffer is given back.
constexpr std::size_t kept_input = 256 * 1024;

} // namespace

/// hiredis calls these; objects live in `root_`, so nothing is ever freed by it. Null ends the parsing.
struct reply_parser::builder {
  static reply_parser& of(const redisReadTask* task) { return *static_cast<reply_parser*>(task->privdata); }

  static void* create_string(const redisReadTask* task, char* text, size_t size) {
    auto as = task->type == REDIS_REPLY_STRING   ? reply::kind::string
              : task->type == REDIS_REPLY_STATUS ? reply::kind::status
                                                 : reply::kind::error;
    if (!of(task).charge(size))
      return nullptr;
    auto* at = of(task).place(*task);
    *at = reply::text(as, std::string(text, size));
    return at;
  }
  static void* create_array(const redisReadTask* task, int size) {
    auto count = static_cast<std::size_t>(size);
    if (!of(task).charge(count * sizeof(reply)))
      return nullptr;
    auto* at = of(task).place(*task);
    *at = reply::array(std::vector<reply>(count));
    return at;
  }
  static void* create_integer(const redisReadTask* task, long long value) {
    auto* at = of(task).place(*task);
    *at = reply::integer(value);
    return at;
  }
  static void* create_nil(const redisReadTask* task) {
    auto* at = of(task).place(*task);
    *at = reply::nil();
    return at;
  }
  static void free_object(void*) {}

  static inline redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil,
                                                    free_object};
};

void reply_parser::free_reader::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

reply_parser::reply_parser(std::size_t max_bytes)
    : max_bytes_(max_bytes), reader_(redisReaderCreateWithFunctions(&builder::functions)) {
  if (!reader_)
    throw std::bad_alloc{};
  reader_->privdata = this;
  reader_->maxbuf = kept_input;
}

reply_parser::~reply_parser() = default;

void reply_parser::feed(std::string_view bytes) {
  if (error_.empty() && redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK)
    error_ = reader_->errstr;
}

bool reply_parser::next(reply& out) {
  if (!error_.empty())
    return false;
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    if (error_.empty()) // else charge() has said it
      error_ = std::string{"not the Redis protocol: "} + reader_->errstr;
    return false;
  }
  if (!made) {
    check_unfinished();
    return false;
  }
  out = std::exchange(root_, {});
  used_ = 0;
  return true;
}

reply* reply_parser::place(const redisReadTask& task) noexcept {
  if (!task.parent)
    return &root_;
  auto& siblings = std::get<std::vector<reply>>(static_cast<reply*>(task.parent->obj)->value_);
  return &siblings[static_cast<std::size_t>(task.idx)];
}

bool reply_parser::charge(std::size_t bytes) noexcept {
  used_ += bytes;
  if (used_ <= max_bytes_)
    return true;
  error_ = "a reply is larger than " + std::to_string(max_bytes_) + " bytes";
  return false;
}

/// What waits in hiredis' buffer for its end: refused by the length it announces, before it has come.
void reply_parser::check_unfinished() {
  auto& r = *reader_;
  if (r.ridx < 0 || r.pos >= r.len)
    return;
  if (r.rstack[r.ridx].type != REDIS_REPLY_STRING) {
    if (r.len - r.pos > max_line)
      error_ = "not the Redis protocol: an endless line";
    return;
  }
  std::size_t announced = 0;
  auto read = std::from_chars(r.buf + r.pos, r.buf + r.len, announced);
  bool whole = read.ptr != r.buf + r.len; // digits may be missing yet
  if (read.ec == std::errc::result_out_of_range || (whole && announced > max_bytes_))
    charge(max_bytes_ + 1);
}

} // namespace tutti::services::redis
