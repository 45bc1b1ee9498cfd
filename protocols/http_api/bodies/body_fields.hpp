#pragma once
#include "protocols/http_api/object_scan.hpp"
#include "protocols/http_api/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// For the body codecs of this folder: known names, types and ranges, with every mistake noted.
namespace tutti::protocols::http_api {

/// Sorts the members of an object by name, and collects mistakes.
class body_fields : public scan_sink {
public:
  /// At most 32 names; they must outlive this.
  explicit body_fields(std::span<const std::string_view> names) noexcept : names_(names) {}

  void begin(json_kind kind) override;
  void member(const scanned_member& what) final;
  void end() override {}

protected:
  ~body_fields() = default;

  /// A known member that comes for the first time; `index` is that of its name.
  virtual void field(std::size_t index, const scanned_member& what) = 0;

  bool seen(std::size_t index) const noexcept { return seen_ >> index & 1; }
  /// Notes a mistake of a member. Only the first 100 are kept.
  void mistake(std::string_view name, std::string detail);
  void missing(std::size_t index) { mistake(names_[index], "is required"); }

  /// The value, or nothing after noting what is wrong with it.
  std::optional<std::string_view> string(const scanned_member& what);
  std::optional<std::int64_t> integer(const scanned_member& what, std::int64_t low, std::int64_t high);
  std::optional<bool> boolean(const scanned_member& what);
  /// A string of `low` to `high` bytes, all of which `allowed` lets pass; `shape` says in words what that is.
  std::optional<std::string_view> word(const scanned_member& what, std::size_t low, std::size_t high,
                                       bool (*allowed)(char), std::string_view shape);
  /// A string of `low` to `high` characters without control characters.
  std::optional<std::string_view> line(const scanned_member& what, std::size_t low, std::size_t high);
  /// The index of the string in `choices`.
  std::optional<std::size_t> choice(const scanned_member& what, std::span<const std::string_view> choices);

  /// The fields that several bodies share.
  std::optional<std::string_view> job_type(const scanned_member& what);
  std::optional<std::string_view> queue_name(const scanned_member& what);

  /// What was found in the present object, as a 422; `prefix` goes before each pointer.
  std::optional<problem> take_problem(std::string_view prefix = {});

private:
  bool expect(const scanned_member& what, json_kind kind);

  std::span<const std::string_view> names_;
  std::uint32_t seen_ = 0;
  std::vector<field_error> errors_;
};

} // namespace tutti::protocols::http_api
