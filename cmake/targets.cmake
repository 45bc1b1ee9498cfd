# Flags for all of our own code.
add_library(tutti_flags INTERFACE)
target_include_directories(tutti_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(tutti_flags INTERFACE TUTTI_VERSION="${PROJECT_VERSION}")
target_compile_options(tutti_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow=local -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(CMAKE_UNITY_BUILD)
  # There a .cpp is an included file, whose anonymous namespace looks to GCC like a header's.
  target_compile_options(tutti_flags INTERFACE -Wno-subobject-linkage)
endif()
if(TUTTI_WERROR)
  target_compile_options(tutti_flags INTERFACE -Werror)
endif()
if(TUTTI_SANITIZE)
  # vptr, null and alignment checks triple the compile time of CAF's templates and have found nothing there.
  target_compile_options(tutti_flags INTERFACE -fsanitize=${TUTTI_SANITIZE} -fno-omit-frame-pointer)
  if(TUTTI_SANITIZE MATCHES "undefined")
    target_compile_options(tutti_flags INTERFACE -fno-sanitize=vptr,null,alignment -fno-sanitize-recover=undefined)
  endif()
  target_link_options(tutti_flags INTERFACE -fsanitize=${TUTTI_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# tutti_library(NAME SOURCES a.cpp… LINK target…): one library per folder.
function(tutti_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tutti_flags ${ARG_LINK} PRIVATE ${ARG_PRIVATE})
endfunction()

# tutti_embed_lua(VARIABLE NAMESPACE HEADER script…): VARIABLE is a source with the scripts of ./lua, see embed_lua.cmake.
function(tutti_embed_lua variable namespace header)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/lua/ OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND .lua)
  list(JOIN files "," list)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/lua_texts.cpp)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_lua.cmake)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D FILES=${list} -D HEADER=${header} -D NAMESPACE=${namespace} -D OUTPUT=${output} -P ${script}
    DEPENDS ${files} ${script}
    VERBATIM)
  set(${variable} ${output} PARENT_SCOPE)
endfunction()

# tutti_test(NAME SOURCES a_test.cpp… LINK target… LABELS label… TIMEOUT seconds): one program per folder, each TEST a
# ctest of its own. Without LABELS it is a unit test: those are also run as a whole under the sanitizers, see
# tutti_unit_tests.
function(tutti_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if("unit" IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY TUTTI_UNIT_TESTS ${name})
  endif()
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} tutti_flags GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} TEST_PREFIX ${name}: DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# Call last. The target unit_tests builds all unit test programs, and unit-tests.txt in the build folder lists them,
# each with its file and the seconds that a whole run under a sanitizer may take.
function(tutti_unit_tests)
  get_property(names GLOBAL PROPERTY TUTTI_UNIT_TESTS)
  add_custom_target(unit_tests DEPENDS ${names})
  set(lines "")
  foreach(name IN LISTS names)
    string(APPEND lines "${name} ${CMAKE_BINARY_DIR}/tests/${name} 600\n")
  endforeach()
  file(WRITE ${CMAKE_BINARY_DIR}/unit-tests.txt "${lines}")
endfunction()
