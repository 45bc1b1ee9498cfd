#include "services/redis_jobs/scripts.hpp"

#include "services/redis_jobs/lua_texts.hpp"

#include <initializer_list>
#include <string>
#include <utility>

namespace tutti::services::redis_jobs {
namespace {

/// lua/common.lua, then these.
redis::script joined(std::string text, std::initializer_list<const char*> parts) {
  text += lua_common;
  for (auto* part : parts)
    text += part;
  return redis::script{std::move(text)};
}
redis::script bounded(std::initializer_list<const char*> parts) {
  return joined("#!lua\n", parts);
}
redis::script always(std::initializer_list<const char*> parts) {
  return joined("#!lua flags=allow-oom\n", parts);
}

} // namespace

const scripts& all_scripts() {
  // What a script does not need is left out: each function costs time in every call.
  static const scripts all{always({lua_jobs, lua_cancel}),
                           always({lua_claiming, lua_claim}),
                           always({lua_jobs, lua_discard}),
                           always({lua_jobs, lua_claiming, lua_finish}),
                           bounded({lua_jobs, lua_submission, lua_fire}),
                           always({lua_jobs, lua_lose}),
                           always({lua_jobs, lua_progress}),
                           always({lua_jobs, lua_purge}),
                           always({lua_claiming, lua_queues}),
                           always({lua_jobs, lua_renew}),
                           bounded({lua_jobs, lua_restart}),
                           always({lua_setup}),
                           bounded({lua_jobs, lua_submission, lua_claiming, lua_submit}),
                           always({lua_jobs, lua_tick})};
  return all;
}

} // namespace tutti::services::redis_jobs
