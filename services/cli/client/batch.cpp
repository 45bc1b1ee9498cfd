#include "services/cli/client/batch.hpp"

#include "protocols/http_api/json_writer.hpp"
#include "services/cli/failure.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

namespace tutti::services::cli {
namespace {

constexpr std::string_view blanks = " \t\r";

/// Whether a JSON object has a member "idempotencyKey", and whether it has any.
struct key_finder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, key_finder> {
  int depth = 0;
  bool object = false, found = false, empty = true;

  bool Default() { return true; }
  bool StartObject() {
    object = object || depth == 0;
    ++depth;
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return --depth >= 0; }
  bool StartArray() {
    ++depth;
    return true;
  }
  bool EndArray(rapidjson::SizeType) { return --depth >= 0; }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (depth == 1) {
      empty = false;
      found = found || std::string_view{text, length} == "idempotencyKey";
    }
    return true;
  }
};

} // namespace

std::string with_key(std::string_view line, std::string_view key) {
  key_finder finder;
  rapidjson::MemoryStream stream{line.data(), line.size()};
  rapidjson::Reader reader;
  auto read = reader.Parse<rapidjson::kParseIterativeFlag>(stream, finder);
  if (read.IsError() || !finder.object || finder.found)
    return std::string{line};
  auto open = line.find('{') + 1;
  std::string out;
  out.reserve(line.size() + key.size() + 24);
  out.append(line.substr(0, open)).append("\"idempotencyKey\":");
  protocols::http_api::append_json_string(out, key);
  if (!finder.empty)
    out += ',';
  return out.append(line.substr(open));
}

std::string random_name() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string out;
  for (int word = 0; word < 4; ++word) {
    auto bits = random();
    for (int i = 0; i < 8; ++i, bits >>= 4)
      out += digits[bits & 15];
  }
  return out;
}

std::string job_batch::body() const {
  std::string out;
  out.reserve(bytes);
  for (auto& line : lines)
    out.append(line.text) += '\n';
  return out;
}

batch_reader::batch_reader(std::FILE* from, std::string keys, batch_limits limits)
    : from_(from), keys_(std::move(keys)), limits_(limits) {}

bool batch_reader::fill() {
  std::array<char, 65536> piece;
  auto count = std::fread(piece.data(), 1, piece.size(), from_);
  if (count == 0 && std::ferror(from_))
    throw failure(std::string{"cannot read the jobs: "} + std::strerror(errno));
  buffer_.assign(piece.data(), count);
  at_ = 0;
  return count > 0;
}

bool batch_reader::read_line() {
  line_.clear();
  line_too_long_ = false;
  for (bool any = false;;) {
    if (at_ == buffer_.size() && !fill()) {
      number_ += any ? 1 : 0;
      return any;
    }
    any = true;
    auto end = buffer_.find('\n', at_);
    auto stop = end == buffer_.npos ? buffer_.size() : end;
    line_too_long_ = line_too_long_ || line_.size() + (stop - at_) > limits_.bytes;
    if (line_too_long_)
      line_.clear(); // it will be refused: no need to hold it
    else
      line_.append(buffer_, at_, stop - at_);
    used_ += stop - at_ + (end == buffer_.npos ? 0 : 1);
    at_ = end == buffer_.npos ? stop : stop + 1;
    if (end != buffer_.npos) {
      ++number_;
      return true;
    }
  }
}

std::optional<job_batch> batch_reader::next() {
  job_batch out;
  while (out.lines.size() < limits_.lines) {
    if (!std::exchange(line_waits_, false)) {
      if (!read_line())
        break;
      if (line_too_long_) {
        out.too_long.push_back(number_);
        continue;
      }
      auto begin = line_.find_first_not_of(blanks);
      if (begin == line_.npos)
        continue;
      line_.erase(line_.find_last_not_of(blanks) + 1).erase(0, begin);
      if (number_ == 1 && line_.starts_with("\xEF\xBB\xBF"))
        line_.erase(0, 3); // a byte order mark is no part of JSON
      line_ = with_key(line_, keys_ + "-" + std::to_string(number_));
    }
    if (!out.lines.empty() && out.bytes + line_.size() + 1 > limits_.bytes) {
      line_waits_ = true;
      break;
    }
    out.bytes += line_.size() + 1;
    out.lines.push_back({number_, std::move(line_)});
  }
  if (out.lines.empty() && out.too_long.empty())
    return std::nullopt;
  return out;
}

} // namespace tutti::services::cli
