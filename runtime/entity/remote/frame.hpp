#pragma once
#include "runtime/telemetry/trace.hpp"
#include "runtime/wire/codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What goes from router to router: a version byte, then items, each a kind and a length. A reader skips the
/// kinds that it does not know, and what follows the members that it knows within an item.
namespace tutti::runtime::entity {

inline constexpr char frame_version = 1;

enum class item_kind : std::uint8_t { ask = 1, tell, reply, failure, node_ask, look_at_table };

/// Views into the frame, or into what is to be written.
struct call_item {
  std::uint64_t id = 0;        ///< chosen by the asker; 0: a tell
  std::uint64_t budget_ms = 0; ///< until its deadline
  std::uint64_t hops = 0;
  std::string_view type, key, message; ///< names
  telemetry::trace_context trace;
};
struct reply_item {
  std::uint64_t id = 0;
  std::string_view payload;
};
struct failure_item {
  std::uint64_t id = 0;
  std::uint64_t code = 0; ///< of runtime::ec
  std::string_view words;
};

class frame_writer {
public:
  /// Starts the frame if `out` is empty.
  explicit frame_writer(std::string& out) : out_(out) {
    if (out_.empty())
      out_ += frame_version;
  }

  /// `encode(std::string&)` appends the payload.
  template <class Encode>
  void call(item_kind kind, const call_item& x, Encode encode) {
    body_.clear();
    wire::writer w{body_};
    w.number(x.id);
    w.number(x.budget_ms);
    w.number(x.hops);
    w.bytes(x.type);
    w.bytes(x.key);
    w.bytes(x.message);
    payload_.clear();
    encode(payload_);
    w.bytes(payload_);
    w.bytes(x.trace ? x.trace.format() : std::string{});
    item(kind);
  }
  void reply(std::uint64_t id, std::string_view payload) {
    body_.clear();
    wire::writer w{body_};
    w.number(id);
    w.bytes(payload);
    item(item_kind::reply);
  }
  void look_at_table() {
    body_.clear();
    item(item_kind::look_at_table);
  }
  void failure(const failure_item& x) {
    body_.clear();
    wire::writer w{body_};
    w.number(x.id);
    w.number(x.code);
    w.bytes(x.words);
    item(item_kind::failure);
  }

private:
  void item(item_kind kind) {
    out_ += static_cast<char>(kind);
    wire::writer{out_}.bytes(body_);
  }

  std::string& out_;
  static thread_local std::string body_, payload_;
};

/// Calls `on.call(kind, call_item, payload)`, `on.reply(reply_item)`, `on.failure(failure_item)` and
/// `on.look_at_table()` in the order of the frame. False: it is not a frame, or of a version that is not
/// understood; what came before the fault was delivered.
template <class Handler>
bool read_frame(std::string_view frame, Handler&& on) {
  if (frame.empty() || frame.front() != frame_version)
    return false;
  wire::reader all{frame.substr(1)};
  while (!all.at_end()) {
    auto kind = all.number();
    wire::reader in{all.bytes()};
    if (!all.ok())
      return false;
    switch (static_cast<item_kind>(kind)) {
    case item_kind::ask:
    case item_kind::tell:
    case item_kind::node_ask: {
      call_item x;
      x.id = in.number();
      x.budget_ms = in.number();
      x.hops = in.number();
      x.type = in.bytes();
      x.key = in.bytes();
      x.message = in.bytes();
      auto payload = in.bytes();
      if (auto trace = in.bytes(); !trace.empty())
        x.trace = telemetry::trace_context::parse(trace).value_or(telemetry::trace_context{});
      if (!in.ok())
        return false;
      on.call(static_cast<item_kind>(kind), x, payload);
      break;
    }
    case item_kind::reply: {
      reply_item x;
      x.id = in.number();
      x.payload = in.bytes();
      if (!in.ok())
        return false;
      on.reply(x);
      break;
    }
    case item_kind::failure: {
      failure_item x;
      x.id = in.number();
      x.code = in.number();
      x.words = in.bytes();
      if (!in.ok())
        return false;
      on.failure(x);
      break;
    }
    case item_kind::look_at_table:
      on.look_at_table();
      break;
    default:
      break; // of a newer build
    }
  }
  return true;
}

} // namespace tutti::runtime::entity
