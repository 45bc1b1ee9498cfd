#include "services/websocket/message_assembler.hpp"

#include <new>
#include <utility>

#define ZLIB_CONST
#include <zlib.h>

namespace tutti::services::websocket {
namespace {

constexpr std::uint32_t flush_mark = 0x0000FFFF;
/// From here on a text gets all the room it may ever take, so that it is never copied to grow: memory that is
/// not touched costs nothing, a copy costs the text a second time.
constexpr std::size_t large = 1024 * 1024;
constexpr std::size_t unpack_step = 32 * 1024; // on the stack

} // namespace

void message_assembler::end_inflate::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

message_assembler::message_assembler(runtime::outbound::transport_compression compression,
                                     std::size_t max_bytes)
    : max_bytes_(max_bytes) {
  if (compression != runtime::outbound::transport_compression::zlib_stream)
    return;
  auto stream = std::make_unique<z_stream>();
  if (inflateInit(stream.get()) != Z_OK)
    throw std::bad_alloc{};
  stream_.reset(stream.release());
}

message_assembler::~message_assembler() = default;

message_assembler::verdict message_assembler::add(std::string_view piece, bool is_binary, bool last) {
  if (is_binary && !stream_)
    return verdict::binary;
  if (!is_binary) {
    if (packed_bytes_ > 0)
      return verdict::corrupt; // a text within an unfinished one
    if (!append(piece))
      return verdict::too_large;
    return last ? verdict::text : verdict::more;
  }
  packed_bytes_ += piece.size();
  if (packed_bytes_ > max_bytes_)
    return verdict::too_large;
  for (auto byte : piece.substr(piece.size() - std::min<std::size_t>(piece.size(), 4)))
    tail_ = tail_ << 8 | static_cast<unsigned char>(byte);
  if (auto so_far = unpack(piece); so_far != verdict::more)
    return so_far;
  return last && packed_bytes_ >= 4 && tail_ == flush_mark ? verdict::text : verdict::more;
}

message_assembler::verdict message_assembler::unpack(std::string_view piece) {
  char room[unpack_step];
  stream_->next_in = reinterpret_cast<const Bytef*>(piece.data());
  stream_->avail_in = static_cast<uInt>(piece.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(room);
    stream_->avail_out = sizeof room;
    auto said = inflate(stream_.get(), Z_SYNC_FLUSH);
    if (said != Z_OK && said != Z_BUF_ERROR) // the latter: there was nothing to do
      return verdict::corrupt;
    if (!append({room, sizeof room - stream_->avail_out}))
      return verdict::too_large;
  } while (stream_->avail_in > 0 || stream_->avail_out == 0);
  return verdict::more;
}

bool message_assembler::append(std::string_view piece) {
  auto size = text_.size() + piece.size();
  if (size > max_bytes_)
    return false;
  if (size > large && size > text_.capacity())
    text_.reserve(max_bytes_);
  text_ += piece;
  return true;
}

std::string message_assembler::take() {
  packed_bytes_ = 0;
  return std::exchange(text_, {});
}

} // namespace tutti::services::websocket
