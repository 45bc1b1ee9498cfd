# Writes OUTPUT, a .cpp with the Lua files of FILES (separated by commas) as texts: names without the ending.
string(REPLACE "," ";" files "${FILES}")
set(texts "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  # A literal may have 64 KiB at most by the standard; none comes near.
  string(APPEND texts "const char* const lua_${name} = R\"tutti(${text})tutti\";\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"services/redis_jobs/lua_texts.hpp\"

namespace tutti::services::redis_jobs {

${texts}
} // namespace tutti::services::redis_jobs
")
