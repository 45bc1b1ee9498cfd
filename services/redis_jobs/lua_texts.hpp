#pragma once

/// The files of lua/, put into the binary by cmake/embed_lua.cmake.
namespace tutti::services::redis_jobs {

extern const char* const lua_common;
extern const char* const lua_cancel;
extern const char* const lua_claim;
extern const char* const lua_claiming;
extern const char* const lua_discard;
extern const char* const lua_finish;
extern const char* const lua_fire;
extern const char* const lua_jobs;
extern const char* const lua_lose;
extern const char* const lua_progress;
extern const char* const lua_purge;
extern const char* const lua_queues;
extern const char* const lua_renew;
extern const char* const lua_restart;
extern const char* const lua_setup;
extern const char* const lua_submission;
extern const char* const lua_submit;
extern const char* const lua_tick;

} // namespace tutti::services::redis_jobs
