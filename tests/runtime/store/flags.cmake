# The conformance suite of the flag port: a provider's test program lists these sources and instantiates FlagStore.
set(FLAG_CONFORMANCE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/flags/flag_store.cpp ${CMAKE_CURRENT_LIST_DIR}/flags/flag_store_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/conformance/world.cpp)
