# The conformance suite of the lease port: a provider's test program lists these sources and instantiates LeaseStore,
# and LeaseServer if there is a server.
set(lease_conformance ${CMAKE_CURRENT_LIST_DIR}/conformance)
set(LEASE_CONFORMANCE_SOURCES
    ${lease_conformance}/grants_test.cpp ${lease_conformance}/history.cpp ${lease_conformance}/history_test.cpp
    ${lease_conformance}/lease_store.cpp ${lease_conformance}/outages_test.cpp ${lease_conformance}/table_test.cpp)
