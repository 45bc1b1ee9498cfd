#include "services/redis/protocol/command_batch.hpp"

#include <utility>

namespace tutti::services::redis {

command_batch& command_batch::begin(std::size_t words) {
  wrong_ = wrong_ || missing_ != 0 || words == 0;
  missing_ = words;
  ++size_;
  number('*', words);
  return *this;
}

command_batch& command_batch::arg(std::string_view word) {
  if (missing_ == 0) {
    wrong_ = true;
    return *this;
  }
  number('$', word.size());
  bytes_ += word;
  bytes_ += "\r\n";
  if (--missing_ == 0 && !script_calls_.empty() && script_calls_.back().index + 1 == size_)
    script_calls_.back().end = bytes_.size();
  return *this;
}

command_batch& command_batch::call(const script& what, std::size_t keys, std::size_t arguments) {
  script_call at{size_, bytes_.size(), 0, 0, 0, what};
  begin(3 + keys + arguments);
  at.name = bytes_.size();
  arg("EVALSHA").arg(what.sha1());
  at.rest = bytes_.size();
  script_calls_.push_back(std::move(at));
  return arg(keys);
}

void command_batch::number(char sign, std::size_t value) {
  char text[24];
  text[0] = sign;
  auto* end = std::to_chars(text + 1, text + sizeof text - 2, value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  bytes_.append(text, end);
}

} // namespace tutti::services::redis
