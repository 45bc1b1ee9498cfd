# The pieces of the job system that need no actor: JSON Schema and recurrence. ICU knows the time zones.
set(pure ${CMAKE_CURRENT_LIST_DIR})
tutti_library(tutti_runtime_jobs_pure
  SOURCES ${pure}/cron_fields.cpp ${pure}/json_fingerprint.cpp ${pure}/json_pattern.cpp
          ${pure}/json_pattern_parse.cpp ${pure}/json_schema.cpp ${pure}/json_schema_compile.cpp ${pure}/schedule.cpp
  PRIVATE ICU::i18n ICU::uc rapidjson)
