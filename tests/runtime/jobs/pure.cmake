set(pure_tests ${CMAKE_CURRENT_LIST_DIR})
tutti_test(tutti_runtime_jobs_pure_test
  SOURCES ${pure_tests}/cron_fields_test.cpp ${pure_tests}/json_fingerprint_test.cpp
          ${pure_tests}/json_pattern_test.cpp ${pure_tests}/json_schema_compile_test.cpp
          ${pure_tests}/json_schema_test.cpp ${pure_tests}/schedule_test.cpp
  LINK tutti_runtime_jobs_pure ICU::i18n ICU::uc)
