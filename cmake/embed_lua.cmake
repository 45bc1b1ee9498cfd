# cmake -D FILES=common.lua,a.lua,b.lua -D HEAD=LINE -D HEADER=x.hpp -D NAMESPACE=… -D OUTPUT=x.cpp -P embed_lua.cmake:
# a source that defines each script but the first as `const char a_lua[]`, which HEADER declares: HEAD, the text of the
# first, its own text.
string(REPLACE "," ";" files "${FILES}")
list(POP_FRONT files common)
file(READ "${common}" head)
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" own)
  string(APPEND text "\nconst char ${name}_lua[] = R\"lua(${HEAD}\n${head}${own})lua\";\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}\n} // namespace ${NAMESPACE}\n")
