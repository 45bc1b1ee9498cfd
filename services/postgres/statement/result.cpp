#include "services/postgres/statement/result.hpp"

#include <libpq-fe.h>

namespace tutti::services::postgres {
namespace {

// libpq's readers take what they do not change without const.
PGresult* unconst(const pg_result* r) noexcept {
  return const_cast<PGresult*>(r);
}

} // namespace

bool row::is_null(int column) const {
  if (column < 0 || column >= PQnfields(from_))
    complain(column, "does not exist");
  return PQgetisnull(from_, number_, column) != 0;
}

std::string_view row::value(int column) const {
  if (is_null(column))
    complain(column, "is null");
  return {PQgetvalue(from_, number_, column), static_cast<std::size_t>(PQgetlength(from_, number_, column))};
}

void row::complain(int column, const char* why) const {
  auto* name = PQfname(from_, column);
  throw bad_value("column " + std::to_string(column) + (name ? std::string{" ("} + name + ")" : "") + " "
                  + why);
}

void row::read(int column, bool& out) const {
  auto text = value(column);
  if (text != "t" && text != "f")
    complain(column, "is not a boolean");
  out = text == "t";
}

void row::read(int column, double& out) const {
  auto text = value(column);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size())
    complain(column, "is not a number");
}

void row::read(int column, bytes& out) const {
  auto read = parse_bytes(value(column));
  if (!read)
    complain(column, "is not a bytea");
  out = std::move(*read);
}

void row::read(int column, timestamp& out) const {
  auto read = parse_timestamp(value(column));
  if (!read)
    complain(column, "is not a timestamptz of the years 1 to 9999");
  out = *read;
}

std::size_t result::size() const noexcept {
  return from_ ? static_cast<std::size_t>(PQntuples(from_.get())) : 0;
}

row result::operator[](std::size_t number) const {
  if (number >= size())
    throw bad_value("row " + std::to_string(number) + " of " + std::to_string(size()));
  return {from_.get(), static_cast<int>(number)};
}

std::uint64_t result::affected() const noexcept {
  std::string_view text = from_ ? PQcmdTuples(unconst(from_.get())) : "";
  std::uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count); // empty for commands without a count
  return count;
}

std::string_view result::tag() const noexcept {
  std::string_view text = from_ ? PQcmdStatus(unconst(from_.get())) : "";
  return text.substr(0, text.find(' '));
}

} // namespace tutti::services::postgres
