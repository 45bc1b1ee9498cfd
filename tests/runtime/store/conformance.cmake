# The conformance suite of the entity port: a provider's test program lists these sources and instantiates EntityStore.
set(entity_conformance ${CMAKE_CURRENT_LIST_DIR}/conformance)
set(ENTITY_CONFORMANCE_SOURCES
    ${entity_conformance}/entity_store.cpp ${entity_conformance}/fences_test.cpp ${entity_conformance}/limits_test.cpp
    ${entity_conformance}/races_test.cpp ${entity_conformance}/saves_test.cpp ${entity_conformance}/wakeful_test.cpp
    ${entity_conformance}/world.cpp)
