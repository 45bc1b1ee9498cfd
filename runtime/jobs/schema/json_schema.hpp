#pragma once
#include "runtime/jobs/schema/fingerprint.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace tutti::runtime::jobs {

/// What is wrong with a payload.
struct violation {
  std::string pointer; ///< JSON Pointer (RFC 6901, plain form); for a missing member, where it should be
  std::string detail;  ///< for a person: "must be an integer, not a string"
};

struct checked {
  std::optional<jobs::violation> violation;
  fingerprint print; ///< of the whole value; meaningful unless it is not JSON at all
};

struct schema_node;

/// A compiled JSON Schema. Immutable, cheap to copy, thread-safe.
///
/// Supported: type, enum, const; properties, required, additionalProperties, patternProperties,
/// minProperties, maxProperties; items (one schema), minItems, maxItems, uniqueItems; minLength, maxLength,
/// pattern (see json_pattern); minimum, maximum, exclusiveMinimum, exclusiveMaximum (as numbers, or as
/// booleans of draft 4), multipleOf; allOf, anyOf, oneOf, not; true and false as schemas. Annotations: title,
/// description, default, examples, $schema, $id, $comment. Every other keyword ($ref, format, dependencies …)
/// and every keyword with a value that makes no sense does not compile, so nothing in a schema is silently
/// without effect. "integer" means written without fraction and exponent (draft 4): handlers may read it as
/// an integer.
///
/// RapidJSON parses; its own SchemaValidator is not used: in 1.1.0 it shares a regex's state between threads,
/// cuts strings at a NUL before it matches, ignores most mistakes in a schema, compares the elements of
/// uniqueItems pairwise, and uses the wrong schema for a value that only patternProperties allows.
class json_schema {
public:
  /// The schema, or what is wrong with it and where: "/properties/a: format is not supported".
  static std::variant<json_schema, std::string> compile(std::string_view schema_text);

  /// Parses once. Not JSON, deeper than 64 levels, a NUL, broken UTF-8 or half a surrogate pair are
  /// violations at "".
  checked check(std::string_view payload) const;

private:
  explicit json_schema(std::shared_ptr<const schema_node> root) noexcept;
  std::shared_ptr<const schema_node> root_;
};

/// The fingerprint of a JSON text, or nothing when it is not acceptable (as `check`).
std::optional<fingerprint> fingerprint_of(std::string_view json);

} // namespace tutti::runtime::jobs
