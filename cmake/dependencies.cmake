# Debian packages only; those without a CMake package file become imported targets here.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)

# A CAF core built with a sanitizer (see CONTRIBUTING, "tsan") is found by -DTUTTI_CAF_ROOT=DIR.
set(TUTTI_CAF_ROOT "" CACHE PATH "Where to look for CAF before the system's folders")
find_path(CAF_INCLUDE_DIR caf/all.hpp HINTS ${TUTTI_CAF_ROOT}/include REQUIRED)
find_library(CAF_CORE_LIBRARY caf_core HINTS ${TUTTI_CAF_ROOT}/lib REQUIRED)
add_library(caf::core UNKNOWN IMPORTED)
set_target_properties(caf::core PROPERTIES IMPORTED_LOCATION ${CAF_CORE_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
target_link_libraries(caf::core INTERFACE Threads::Threads)
find_library(CAF_IO_LIBRARY caf_io HINTS ${TUTTI_CAF_ROOT}/lib REQUIRED) # between nodes
add_library(caf::io UNKNOWN IMPORTED)
set_target_properties(caf::io PROPERTIES IMPORTED_LOCATION ${CAF_IO_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
target_link_libraries(caf::io INTERFACE caf::core)

find_path(RAPIDJSON_INCLUDE_DIR rapidjson/rapidjson.h REQUIRED)
add_library(rapidjson INTERFACE IMPORTED)
target_include_directories(rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIR})
target_compile_definitions(rapidjson INTERFACE RAPIDJSON_HAS_STDSTRING=1)

find_path(HIREDIS_INCLUDE_DIR hiredis/read.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
add_library(hiredis UNKNOWN IMPORTED)
set_target_properties(hiredis PROPERTIES IMPORTED_LOCATION ${HIREDIS_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${HIREDIS_INCLUDE_DIR})

find_package(PostgreSQL REQUIRED) # PostgreSQL::PostgreSQL is libpq

# The allocator of the tutti binary, see docs/decisions.
find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)

find_path(BOOST_INCLUDE_DIR boost/beast.hpp REQUIRED)
add_library(boost INTERFACE IMPORTED)
target_include_directories(boost SYSTEM INTERFACE ${BOOST_INCLUDE_DIR})
target_compile_definitions(boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(boost INTERFACE Threads::Threads)
