#pragma once
#include "runtime/jobs/job_types.hpp"

#include <memory>

namespace tutti::services::node {

/// Every job type that a node of this build can run.
std::shared_ptr<const runtime::jobs::job_types> make_job_types();

} // namespace tutti::services::node
