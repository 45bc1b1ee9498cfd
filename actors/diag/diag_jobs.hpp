#pragma once
#include "runtime/jobs/job_types.hpp"

/// Job types for trying and testing a node.
namespace tutti::actors::diag {

runtime::jobs::job_type echo_job();  ///< diag.echo: the payload is the result
runtime::jobs::job_type sleep_job(); ///< diag.sleep {ms}: with progress; ends at once when cancelled
runtime::jobs::job_type fail_job();  ///< diag.fail {times}: that many attempts fail, then one succeeds
runtime::jobs::job_type crash_job(); ///< diag.crash: the handler throws

} // namespace tutti::actors::diag
