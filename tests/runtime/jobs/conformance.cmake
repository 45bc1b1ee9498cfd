# The conformance suite of the job port: a provider's test program lists these sources and instantiates JobStore.
set(job_conformance ${CMAKE_CURRENT_LIST_DIR}/conformance)
set(JOB_CONFORMANCE_SOURCES
    ${job_conformance}/claims_test.cpp ${job_conformance}/dead_letters_test.cpp ${job_conformance}/job_store.cpp
    ${job_conformance}/listing_test.cpp ${job_conformance}/order_test.cpp ${job_conformance}/real_time_world.cpp
    ${job_conformance}/runner_test.cpp
    ${job_conformance}/runner_places_test.cpp
    ${job_conformance}/schedules_test.cpp ${job_conformance}/states_test.cpp ${job_conformance}/submission_test.cpp)
