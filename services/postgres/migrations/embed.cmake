# Writes OUTPUT, a .cpp with the SQL files of FILES (separated by commas; NNNN_name.sql, in order) as text.
string(REPLACE "," ";" files "${FILES}")
set(entries "")
set(expected 1)
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  string(REGEX MATCH "^0*([1-9][0-9]*)_" number "${name}")
  if(NOT CMAKE_MATCH_1 EQUAL expected)
    message(FATAL_ERROR "${file}: migration ${expected} should come here")
  endif()
  math(EXPR expected "${expected} + 1")
  file(SHA256 "${file}" checksum)
  file(READ "${file}" sql)
  string(APPEND entries "    {${CMAKE_MATCH_1}, \"${name}\", \"${checksum}\", R\"tutti(${sql})tutti\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"services/postgres/migrations/migrations.hpp\"

namespace tutti::services::postgres {
namespace {

constexpr migration embedded_migrations[] = {
${entries}};

} // namespace

std::span<const migration> migrations() noexcept {
  return embedded_migrations;
}

} // namespace tutti::services::postgres
")
