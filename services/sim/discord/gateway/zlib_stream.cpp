#include "services/sim/discord/gateway/zlib_stream.hpp"

#include <new>
#include <stdexcept>

#include <zlib.h>

namespace tutti::services::sim::discord {
namespace {

std::string deflated(z_stream& stream, std::string_view text, int flush) {
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); // zlib only reads it
  stream.avail_in = static_cast<uInt>(text.size());
  do {
    char block[16 * 1024];
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof block;
    if (::deflate(&stream, flush) == Z_STREAM_ERROR)
      throw std::logic_error("deflate");
    out.append(block, sizeof block - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

} // namespace

struct zlib_stream::context {
  z_stream stream{};
  context() {
    if (::deflateInit(&stream, Z_BEST_SPEED) != Z_OK)
      throw std::bad_alloc{};
  }
  ~context() { ::deflateEnd(&stream); }
};

zlib_stream::zlib_stream() : context_(std::make_unique<context>()) {}
zlib_stream::~zlib_stream() = default;

std::string zlib_stream::message(std::string_view text) {
  return deflated(context_->stream, text, Z_SYNC_FLUSH);
}

std::string zlib_stream::whole(std::string_view text) {
  context one;
  return deflated(one.stream, text, Z_FINISH);
}

} // namespace tutti::services::sim::discord
