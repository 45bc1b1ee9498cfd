#include "runtime/jobs/payload.hpp"

#include <rapidjson/document.h>

namespace tutti::runtime::jobs {

struct payload_reader::document {
  rapidjson::Document root;

  const rapidjson::Value* find(const char* member) const {
    if (!root.IsObject())
      return nullptr;
    auto i = root.FindMember(member);
    return i == root.MemberEnd() ? nullptr : &i->value;
  }
};

payload_reader::payload_reader(std::string_view json) : document_(std::make_unique<document>()) {
  // Iterative: the depth was bounded at submission, but by whom is not known here.
  document_->root.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
}

payload_reader::~payload_reader() = default;

std::optional<std::int64_t> payload_reader::integer(const char* member) const {
  auto* value = document_->find(member);
  return value && value->IsInt64() ? std::optional{value->GetInt64()} : std::nullopt;
}

std::optional<std::string> payload_reader::string(const char* member) const {
  auto* value = document_->find(member);
  return value && value->IsString() ? std::optional{std::string{value->GetString(), value->GetStringLength()}}
                                    : std::nullopt;
}

std::optional<bool> payload_reader::boolean(const char* member) const {
  auto* value = document_->find(member);
  return value && value->IsBool() ? std::optional{value->GetBool()} : std::nullopt;
}

} // namespace tutti::runtime::jobs
