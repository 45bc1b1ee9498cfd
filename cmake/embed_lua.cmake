# cmake -D FILES=a.lua,b.lua -D HEADER=x.hpp -D NAMESPACE=… -D OUTPUT=x.cpp -P embed_lua.cmake: a source that defines
# each script as `const char* const lua_a`, which HEADER declares.
string(REPLACE "," ";" files "${FILES}")
set(texts "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  # A literal may have 64 KiB at most by the standard; none comes near.
  string(APPEND texts "\nconst char* const lua_${name} = R\"lua(${text})lua\";\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n${texts}\n} // namespace ${NAMESPACE}\n")
