#pragma once
#include "runtime/outbound/websocket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s; // zlib's

namespace tutti::services::websocket {

/// Makes texts of what a peer sends, unpacking it as it comes: no packed message is ever kept.
class message_assembler {
public:
  enum class verdict : std::uint8_t {
    more,      ///< the text is not complete
    text,      ///< take() it
    too_large, ///< than the bound
    corrupt,   ///< not of one zlib stream
    binary,    ///< where only texts are spoken
  };

  message_assembler(runtime::outbound::transport_compression compression, std::size_t max_bytes);
  ~message_assembler();

  /// A piece of a message, in order. `last`: the message ends with it. After anything but `more` and `text`
  /// the connection is of no use.
  verdict add(std::string_view piece, bool is_binary, bool last);
  std::string take();

private:
  struct end_inflate {
    void operator()(z_stream_s* stream) const noexcept;
  };

  verdict unpack(std::string_view piece);
  bool append(std::string_view piece);

  std::size_t max_bytes_;
  std::unique_ptr<z_stream_s, end_inflate> stream_; // null: no compression
  std::string text_;
  std::size_t packed_bytes_ = 0; // that text_ is made of
  std::uint32_t tail_ = 0;       // the last four of these
};

} // namespace tutti::services::websocket
