#pragma once

/// The sources of lua/, each with lua/common.lua before it.
namespace tutti::services::redis_leases {

extern const char acquire_lua[], renew_lua[], release_lua[], read_lua[], list_lua[], write_table_lua[],
    read_table_lua[];

} // namespace tutti::services::redis_leases
