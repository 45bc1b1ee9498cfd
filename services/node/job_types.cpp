#include "services/node/job_types.hpp"

#include "actors/diag/diag_jobs.hpp"

namespace tutti::services::node {

std::shared_ptr<const runtime::jobs::job_types> make_job_types() {
  auto types = std::make_shared<runtime::jobs::job_types>();
  types->add(actors::diag::echo_job());
  types->add(actors::diag::sleep_job());
  types->add(actors::diag::fail_job());
  types->add(actors::diag::crash_job());
  return types;
}

} // namespace tutti::services::node
