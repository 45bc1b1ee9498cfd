#pragma once
#include "protocols/http_api/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// For the body codecs of this folder: a JSON object seen as a row of members, in one pass, without a tree.
namespace tutti::protocols::http_api {

enum class json_kind : std::uint8_t { null, boolean, integer, number, string, object, array };

/// "a string", "an object" …
std::string_view name_of(json_kind kind) noexcept;

/// A member of a scanned object. The views are valid during the call only.
struct scanned_member {
  std::string_view name; ///< decoded
  json_kind kind = json_kind::null;
  bool flag = false;        ///< of a boolean
  std::int64_t integer = 0; ///< of an integer that fits; other numbers are `number`
  std::string_view text;    ///< of a string, decoded
  std::string_view raw;     ///< the value's slice of the body
};

class scan_sink {
public:
  /// An object begins; in `scan_array`, an element of any kind.
  virtual void begin(json_kind kind) = 0;
  virtual void member(const scanned_member& what) = 0;
  /// The object or element is complete.
  virtual void end() = 0;

protected:
  ~scan_sink() = default;
};

/// Levels of arrays and objects that a body (in a batch: a line, an element) may have.
inline constexpr std::size_t max_json_depth = 64;

/// Reports the members of the object `body`. 400 when it is not JSON (RFC 8259), is deeper than
/// `max_json_depth`, or holds broken UTF-8 or half a surrogate pair; 422 when it is JSON but not an object.
/// What the sink was told is void when there is a problem.
std::optional<problem> scan_object(std::string_view body, scan_sink& sink);

/// The same for an array, with the members of each element that is an object.
std::optional<problem> scan_array(std::string_view body, scan_sink& sink);

} // namespace tutti::protocols::http_api
