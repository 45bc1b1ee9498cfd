#pragma once
#include "runtime/wire/codec.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The JSON form of structs that name their members (runtime/wire/codec.hpp): for commands of entities that
/// come from people and other languages. Integers are JSON numbers, enums their numbers.
namespace tutti::runtime::entity {

class json_writer {
public:
  explicit json_writer(std::string& out) noexcept : out_(out) {}

  template <class T>
  json_writer& operator()(std::string_view name, T& x) {
    if (out_.back() != '{')
      out_ += ',';
    string(name);
    out_ += ':';
    put(x);
    return *this;
  }
  template <class T>
  void put(T& x) {
    if constexpr (std::is_same_v<T, bool>)
      out_ += x ? "true" : "false";
    else if constexpr (std::is_enum_v<T>)
      out_ += std::to_string(static_cast<std::underlying_type_t<T>>(x));
    else if constexpr (std::is_integral_v<T>)
      out_ += std::to_string(x);
    else
      put_compound(x);
  }

private:
  void string(std::string_view x);
  void put_compound(std::string& x) { string(x); }
  template <class T>
  void put_compound(std::vector<T>& x) {
    out_ += '[';
    for (bool first = true; auto& item : x) {
      if (!first)
        out_ += ',';
      first = false;
      put(item);
    }
    out_ += ']';
  }
  template <class T>
  void put_compound(std::map<std::string, T>& x) {
    out_ += '{';
    for (auto& [name, value] : x)
      (*this)(name, value);
    out_ += '}';
  }
  template <class T>
  void put_compound(std::optional<T>& x) {
    if (x)
      put(*x);
    else
      out_ += "null";
  }
  template <class T>
  void put_compound(T& x) {
    out_ += '{';
    wire::describe(*this, x);
    out_ += '}';
  }

  std::string& out_;
};

/// What is wrong with a JSON text, for whoever sent it.
struct json_mistake {
  std::string pointer; ///< JSON Pointer (RFC 6901) to the value; empty: the whole
  std::string detail;  ///< "must be an integer"
};

/// One value of a parsed text.
class json_reader {
public:
  template <class T>
  json_reader& operator()(const char* name, T& x) {
    known_.push_back(name);
    if (auto value = member(name)) {
      json_reader inner{value, *this, name};
      inner.get(x);
    }
    return *this;
  }
  template <class T>
  void get(T& x) {
    if constexpr (std::is_same_v<T, bool>) {
      boolean(x);
    } else if constexpr (std::is_enum_v<T>) {
      std::uint64_t wide = 0;
      if (natural(wide, most<std::underlying_type_t<T>>()))
        x = static_cast<T>(wide);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      std::int64_t wide = 0;
      if (integer(wide, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()))
        x = static_cast<T>(wide);
    } else if constexpr (std::is_integral_v<T>) {
      std::uint64_t wide = 0;
      if (natural(wide, most<T>()))
        x = static_cast<T>(wide);
    } else {
      get_compound(x);
    }
  }

  /// Parses `text` and fills in `x`; members that are not there keep their defaults. Not JSON, deeper than 64
  /// levels, broken UTF-8, a wrong type, a number out of range and an unknown member are mistakes.
  template <class T>
  static std::optional<json_mistake> read(std::string_view text, T& x) {
    document parsed{text};
    if (!parsed.mistake) {
      json_reader top{parsed.root(), parsed.mistake};
      top.get(x);
    }
    return parsed.mistake;
  }

private:
  template <class T>
  static constexpr std::uint64_t most() {
    return static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  }
  struct document {
    explicit document(std::string_view text);
    ~document();
    document(const document&) = delete;
    document& operator=(const document&) = delete;
    const void* root() const noexcept;
    std::optional<json_mistake> mistake;
    void* parsed;
  };

  json_reader(const void* value, std::optional<json_mistake>& mistake) noexcept
      : value_(value), mistake_(mistake) {}
  json_reader(const void* value, json_reader& above, std::string_view name)
      : value_(value), mistake_(above.mistake_), above_(&above), name_(name) {}

  void wrong(std::string detail);
  std::string pointer() const;
  const void* member(const char* name) const noexcept;
  void boolean(bool& x);
  bool integer(std::int64_t& x, std::int64_t least, std::int64_t most);
  bool natural(std::uint64_t& x, std::uint64_t most);
  bool is_null() const noexcept;
  bool object();
  /// Of an array, else a mistake and 0.
  std::size_t size();
  const void* item(std::size_t n) const noexcept;
  /// Of an object, else a mistake and nothing.
  std::vector<std::pair<std::string, const void*>> members();
  void refuse_unknown();

  void get_compound(std::string& x);
  template <class T>
  void get_compound(std::vector<T>& x) {
    x.clear();
    auto n = size();
    for (std::size_t i = 0; i < n; ++i) {
      auto number = std::to_string(i);
      json_reader inner{item(i), *this, number};
      inner.get(x.emplace_back());
    }
  }
  template <class T>
  void get_compound(std::map<std::string, T>& x) {
    x.clear();
    for (auto& [name, value] : members()) {
      json_reader inner{value, *this, name};
      inner.get(x[name]);
    }
  }
  template <class T>
  void get_compound(std::optional<T>& x) {
    x.reset();
    if (!is_null())
      get(x.emplace());
  }
  template <class T>
  void get_compound(T& x) {
    if (!object())
      return;
    wire::describe(*this, x);
    refuse_unknown();
  }

  const void* value_;
  std::optional<json_mistake>& mistake_; ///< the first one
  json_reader* above_ = nullptr;
  std::string_view name_;
  std::vector<const char*> known_;
};

/// Writes the JSON Schema of a struct: what json_reader accepts.
class json_schema_writer {
public:
  explicit json_schema_writer(std::string& out) noexcept : out_(out) {}

  template <class T>
  json_schema_writer& operator()(const char* name, T& x) {
    out_ += out_.back() == '{' ? "\"" : ",\"";
    out_ += name; // an identifier of ours
    out_ += "\":";
    put(x);
    return *this;
  }
  template <class T>
  void put(T& x) {
    if constexpr (std::is_same_v<T, bool>)
      out_ += R"({"type":"boolean"})";
    else if constexpr (std::is_enum_v<T>)
      integer("0", std::to_string(std::numeric_limits<std::underlying_type_t<T>>::max()));
    else if constexpr (std::is_integral_v<T>)
      integer(std::to_string(std::numeric_limits<T>::min()), std::to_string(std::numeric_limits<T>::max()));
    else
      put_compound(x);
  }

private:
  void integer(const std::string& least, const std::string& most) {
    out_ += R"({"type":"integer","minimum":)" + least + R"(,"maximum":)" + most + '}';
  }
  void put_compound(std::string&) { out_ += R"({"type":"string"})"; }
  template <class T>
  void put_compound(std::vector<T>&) {
    T item{};
    out_ += R"({"type":"array","items":)";
    put(item);
    out_ += '}';
  }
  template <class T>
  void put_compound(std::map<std::string, T>&) {
    T item{};
    out_ += R"({"type":"object","additionalProperties":)";
    put(item);
    out_ += '}';
  }
  template <class T>
  void put_compound(std::optional<T>&) {
    T item{};
    out_ += R"({"anyOf":[)";
    put(item);
    out_ += R"(,{"type":"null"}]})";
  }
  template <class T>
  void put_compound(T& x) {
    out_ += R"({"type":"object","properties":{)";
    wire::describe(*this, x);
    out_ += R"(},"additionalProperties":false})";
  }

  std::string& out_;
};

template <class T>
std::string to_json(const T& x) {
  std::string out;
  json_writer{out}.put(const_cast<T&>(x)); // members are named once, for both directions
  return out;
}

template <class T>
std::string json_schema_of() {
  std::string out;
  T x{};
  json_schema_writer{out}.put(x);
  return out;
}

} // namespace tutti::runtime::entity
