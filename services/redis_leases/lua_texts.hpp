#pragma once

/// The files of lua/, put into the binary by cmake/embed_lua.cmake.
namespace tutti::services::redis_leases {

extern const char* const lua_common;
extern const char* const lua_acquire;
extern const char* const lua_renew;
extern const char* const lua_release;
extern const char* const lua_read;
extern const char* const lua_list;
extern const char* const lua_write_table;
extern const char* const lua_read_table;

} // namespace tutti::services::redis_leases
