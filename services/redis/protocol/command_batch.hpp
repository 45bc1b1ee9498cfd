#pragma once
#include "services/redis/protocol/script.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::services::redis {

/// Commands that are sent together, written straight into the bytes that travel. Words are binary-safe.
/// Not for commands that change what a connection answers (SUBSCRIBE, MONITOR, CLIENT REPLY, HELLO).
class command_batch {
public:
  /// A call of a script, to be repeated with its source where the server does not know it.
  struct script_call {
    std::size_t index; ///< of the command
    /// In bytes(): of the command, of its name, of what follows the script.
    std::size_t begin, name, rest, end;
    script what;
  };

  /// A command of `words` words, its name among them; so many arg() must follow.
  command_batch& begin(std::size_t words);
  command_batch& arg(std::string_view word);
  template <std::integral T>
  command_batch& arg(T number) {
    char digits[24];
    return arg({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  /// A whole command: add("SET", key, 17).
  template <class... Words>
  command_batch& add(const Words&... words) {
    begin(sizeof...(words));
    (arg(words), ...);
    return *this;
  }
  /// A script's call: `keys` keys and then `arguments` arguments must follow by arg(). Where the server does
  /// not have the script, the call is repeated after the others of its batch.
  command_batch& call(const script& what, std::size_t keys, std::size_t arguments);

  std::size_t size() const noexcept { return size_; } ///< commands
  const std::string& bytes() const noexcept { return bytes_; }
  const std::vector<script_call>& script_calls() const noexcept { return script_calls_; }
  /// No word is missing or too many.
  bool complete() const noexcept { return missing_ == 0 && !wrong_; }
  /// Gives the bytes back to the system; they have been copied.
  void drop_bytes() noexcept { bytes_ = {}; }

private:
  void number(char sign, std::size_t value);

  std::string bytes_;
  std::size_t size_ = 0;
  std::size_t missing_ = 0; // words of the last command
  bool wrong_ = false;
  std::vector<script_call> script_calls_;
};

} // namespace tutti::services::redis
