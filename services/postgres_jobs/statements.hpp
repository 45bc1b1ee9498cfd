#pragma once
#include "services/postgres/statement/statement.hpp"

/// What the store sends; the rules are in the functions of migrations 3 and 4.
namespace tutti::services::postgres_jobs::sql {

using postgres::statement;

inline constexpr statement now{"jobs_now", "SELECT server_ms()"};
inline constexpr statement submit{
    "jobs_submit", "SELECT * FROM job_submit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"};
inline constexpr statement submit_each{
    "jobs_submit_each", "SELECT * FROM job_submit_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
                        "$13, $14, $15, $16, $17, $18)"};
inline constexpr statement end{"jobs_end", "SELECT * FROM job_end($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
inline constexpr statement lose{"jobs_lose", "SELECT * FROM job_lose($1, $2, $3, $4, $5)"};
inline constexpr statement claim{"jobs_claim", "SELECT * FROM job_claim($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
inline constexpr statement renew{
    "jobs_renew",
    "UPDATE job j SET lease_until = server_ms() + $3::bigint FROM unnest($1::uuid[], $2::bigint[])"
    " AS g (id, token) WHERE j.id = g.id AND j.token = g.token AND CASE g.id WHEN j.id THEN "
    "j.status END = 2 RETURNING j.id, j.token"};
inline constexpr statement progress{
    "jobs_progress",
    "UPDATE job j SET progress = g.progress FROM unnest($1::uuid[], $2::bigint[], $3::text[])"
    " AS g (id, token, progress) WHERE j.id = g.id AND j.token = g.token AND CASE g.id WHEN "
    "j.id THEN j.status END = 2"};
inline constexpr statement keep_workers{
    "jobs_workers", "INSERT INTO job_worker (id, node, lease_until) SELECT id, node, server_ms() + $3::bigint"
                    " FROM unnest($1::bigint[], $2::text[]) AS g (id, node)"
                    " ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"};
inline constexpr statement promote{"jobs_promote", "SELECT * FROM job_promote(1000, $1)"};
inline constexpr statement reap{"jobs_reap", "SELECT * FROM job_reap($1, $2, $3)"};
inline constexpr statement to_cancel{
    "jobs_to_cancel", "SELECT id, token FROM job WHERE status = 2 AND cancel_requested AND worker = ANY "
                      "($1::bigint[])"};
inline constexpr statement held{"jobs_held",
                                "SELECT id, token FROM job WHERE status = 2 AND worker = ANY ($1::bigint[])"};
inline constexpr statement tidy{"jobs_tidy", "SELECT job_tidy(2000, $1)"};
/// The time, when the next delayed job and the next schedule are due, and the jobs that count for the bound.
inline constexpr statement outlook{
    "jobs_outlook",
    "SELECT server_ms(), (SELECT min(due_at) FROM job WHERE status IN (0, 3)),"
    " (SELECT min(next_at) FROM schedule WHERE next_at <> 0),"
    " (SELECT coalesce(sum(change), 0)::bigint FROM job_depth WHERE status IN (0, 1, 2, 3, 5))"};
inline constexpr statement make_queues{
    "jobs_make_queues", "INSERT INTO job_queue (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"};
inline constexpr statement history{
    "jobs_history", "SELECT attempt, started_at, finished_at, node, outcome, error_kind, error_message"
                    " FROM job_attempt WHERE job_id = $1 ORDER BY attempt"};
inline constexpr statement cancel{"jobs_cancel", "SELECT * FROM job_cancel($1, $2)"};
inline constexpr statement restart{"jobs_restart", "SELECT * FROM job_restart($1, $2, $3)"};
inline constexpr statement discard{"jobs_discard", "SELECT job_discard($1, $2)"};
inline constexpr statement purge{"jobs_purge", "SELECT * FROM job_purge($1, $2, 5000, $3)"};
inline constexpr statement pause{
    "jobs_pause",
    "INSERT INTO job_queue AS q (name, paused) SELECT $1, $2 WHERE EXISTS (SELECT FROM job_queue "
    "WHERE name = $1) OR (SELECT count(*) FROM job_queue) < $3::bigint"
    " ON CONFLICT (name) DO UPDATE SET paused = excluded.paused"};
/// Among the next thousand of a queue: who waits longest behind so many is not worth a longer look.
inline constexpr statement queues{
    "jobs_queues",
    "SELECT name, paused, server_ms(), (SELECT coalesce(min(due_at), 0) FROM (SELECT due_at FROM "
    "job j WHERE j.queue = q.name AND j.status = 1 AND NOT j.blocked ORDER BY j.rank, j.id LIMIT "
    "1000) AS next) FROM job_queue q WHERE $1 = '' OR name = $1"};
inline constexpr statement depths{"jobs_depths",
                                  "SELECT queue, priority, status, period, sum(change)::bigint FROM job_depth"
                                  " WHERE $1 = '' OR queue = $1 GROUP BY 1, 2, 3, 4"};
inline constexpr statement count_schedules{"jobs_count_schedules", "SELECT count(*) FROM schedule"};
inline constexpr statement delete_schedule{"jobs_delete_schedule", "DELETE FROM schedule WHERE name = $1"};
inline constexpr statement fire{
    "jobs_fire", "SELECT * FROM job_fire($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "
                 "$16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"};

} // namespace tutti::services::postgres_jobs::sql
