#pragma once
#include "runtime/jobs/schema/fingerprint.hpp"
#include "runtime/jobs/schema/json_pattern.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::runtime::jobs {

enum json_type : unsigned {
  t_null = 1,
  t_boolean = 2,
  t_object = 4,
  t_array = 8,
  t_string = 16,
  t_number = 32, ///< also allows an integer
  t_integer = 64,
  t_any = 127,
};
inline constexpr std::pair<std::string_view, unsigned> json_type_names[] = {
    {"null", t_null},     {"boolean", t_boolean}, {"object", t_object},  {"array", t_array},
    {"string", t_string}, {"number", t_number},   {"integer", t_integer}};

/// long double holds every 64-bit integer and every double exactly on the platforms that we build for.
struct number_limit {
  long double value = 0;
  bool exclusive = false;
  std::string text; ///< as the schema has it
};

/// A compiled (sub)schema; for json_schema's .cpp files.
struct schema_node {
  using pointer = std::unique_ptr<schema_node>;
  static constexpr std::size_t max_required = 256; ///< of one object

  struct property {
    std::string name;
    pointer schema;    ///< null: anything
    int required = -1; ///< its bit among the required ones
  };

  unsigned types = t_any;
  bool never = false;               ///< the schema `false`
  std::vector<fingerprint> allowed; ///< enum or const; empty: anything
  std::string allowed_text;

  bool for_objects = false;         ///< has a keyword of objects
  std::vector<property> properties; ///< sorted by name
  int required_count = 0;
  std::vector<std::pair<json_pattern, pointer>> pattern_properties;
  pointer additional;
  bool additional_allowed = true;
  std::uint64_t min_properties = 0, max_properties = UINT64_MAX;

  pointer items;
  std::uint64_t min_items = 0, max_items = UINT64_MAX;
  bool unique_items = false;

  std::uint64_t min_length = 0, max_length = UINT64_MAX;
  std::optional<json_pattern> pattern;
  std::string pattern_text;

  std::optional<number_limit> minimum, maximum, multiple_of;

  std::vector<pointer> all_of, any_of, one_of;
  pointer not_;
};

std::variant<schema_node::pointer, std::string> compile_schema(std::string_view text);

} // namespace tutti::runtime::jobs
