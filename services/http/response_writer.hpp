#pragma once
#include "actors/http_gateway/exchange/exchange.hpp"

#include <ctime>
#include <string>
#include <string_view>

namespace tutti::services::http {

struct answer_form {
  bool http_1_0 = false;
  bool close = false;
  bool head_only = false;
};

/// Appends the whole answer.
void append_answer(std::string& out, const actors::http_gateway::response& answer, const answer_form& form,
                   std::string_view date);
/// Appends the head of an answer that streams. An HTTP/1.0 client is told its end by the close.
void append_stream_head(std::string& out, const actors::http_gateway::response& answer,
                        const answer_form& form, std::string_view date);
/// Appends `data` as one chunk; nothing for no data, which would end the stream.
void append_chunk(std::string& out, std::string_view data);

inline constexpr std::string_view last_chunk = "0\r\n\r\n";
inline constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

/// The value of a Date field, rendered once a second.
class date_clock {
public:
  std::string_view now();

private:
  std::time_t second_ = -1;
  char text_[30] = {};
};

} // namespace tutti::services::http
