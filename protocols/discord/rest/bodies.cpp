#include "protocols/discord/rest/bodies.hpp"

#include "protocols/http_api/json_writer.hpp"

namespace tutti::protocols::discord {

std::string encode_stage_state(channel_id stage, bool suppress) {
  std::string text;
  http_api::json_writer{text}
      .begin_object()
      .member("channel_id", to_string(stage))
      .member("suppress", suppress)
      .end_object();
  return text;
}

} // namespace tutti::protocols::discord
