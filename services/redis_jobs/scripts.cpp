#include "services/redis_jobs/scripts.hpp"

#include "services/redis_jobs/lua_texts.hpp"

#include <string>

namespace tutti::services::redis_jobs {
namespace {

redis::script bounded(const char* text) {
  return redis::script{std::string{"#!lua\n"} + lua_common + text};
}
redis::script always(const char* text) {
  return redis::script{std::string{"#!lua flags=allow-oom\n"} + lua_common + text};
}

} // namespace

const scripts& all_scripts() {
  static const scripts all{always(lua_cancel),  always(lua_claim), always(lua_discard),  always(lua_finish),
                           bounded(lua_fire),   always(lua_lose),  always(lua_progress), always(lua_purge),
                           always(lua_queues),  always(lua_renew), bounded(lua_restart), always(lua_setup),
                           bounded(lua_submit), always(lua_tick)};
  return all;
}

} // namespace tutti::services::redis_jobs
