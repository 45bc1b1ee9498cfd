-- Jobs, for a provider that claims with FOR UPDATE SKIP LOCKED.
--
-- status: 0 scheduled, 1 queued, 2 running, 3 retrying, 4 succeeded, 5 dead, 6 cancelled
-- priority: 0 high, 1 medium, 2 low
-- Ids are ULIDs and fingerprints 128 bits, both as uuid: 16 bytes that sort as they should, so new jobs go to the
-- right edge of the key's index.
CREATE TABLE job (
  id uuid PRIMARY KEY,
  -- Ageing without sorting again: due_at + priority × jobs.ageing, set when the job becomes runnable. The least
  -- is next, and a low one overtakes high ones that came later than that.
  rank bigint NOT NULL,
  due_at bigint NOT NULL,    -- scheduled, retrying: when it is runnable; queued: since when it has been
  created_at bigint NOT NULL,
  started_at bigint NOT NULL DEFAULT 0,
  finished_at bigint NOT NULL DEFAULT 0,
  lease_until bigint NOT NULL DEFAULT 0,
  token bigint NOT NULL DEFAULT 0, -- of the latest claim: greatest(token + 1, server_us()), never reset
  worker bigint NOT NULL DEFAULT 0, -- job_worker.id that runs it or ran it last
  attempt integer NOT NULL DEFAULT 0,
  attempts_spent integer NOT NULL DEFAULT 0, -- that count: without snoozes and lost claims
  max_attempts integer NOT NULL CHECK (max_attempts > 0),
  worker_deaths integer NOT NULL DEFAULT 0,
  timeout_ms integer NOT NULL CHECK (timeout_ms >= 0),
  status smallint NOT NULL CHECK (status BETWEEN 0 AND 6),
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
  unique_policy smallint NOT NULL DEFAULT 0 CHECK (unique_policy BETWEEN 0 AND 3),
  blocked boolean NOT NULL DEFAULT false, -- queued behind another job of its key
  cancel_requested boolean NOT NULL DEFAULT false,
  unique_value uuid CHECK (unique_value IS NOT NULL OR unique_policy = 0),
  body uuid NOT NULL,
  type text NOT NULL,
  queue text NOT NULL,
  key text,             -- null: runs beside all others
  idempotency_key text, -- null: none
  node text NOT NULL DEFAULT '',
  trace text,           -- W3C traceparent
  error_kind text,
  error_message text,
  -- JSON, but as text: it goes out byte for byte as it came in, and the database never looks into it.
  payload text NOT NULL,
  progress text,
  result text,
  CHECK (NOT blocked OR (status = 1 AND key IS NOT NULL))
) WITH (
  -- A job is rewritten three times in its life. Room in the page keeps lease renewals and progress off the indexes
  -- (HOT): neither lease_until nor progress is in one. Long texts move out of the row and are not rewritten with it.
  fillfactor = 70,
  toast_tuple_target = 512,
  -- Claims begin at the head of job_ready, just where dead entries gather: vacuum often, without pauses.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.05
);
-- Next of a queue: one short scan, however many wait.
CREATE INDEX job_ready ON job (queue, rank, id) WHERE status = 1 AND NOT blocked;
-- Next of a key, when its holder has ended.
CREATE INDEX job_line ON job (queue, key, due_at, id) WHERE blocked;
CREATE INDEX job_due ON job (due_at, queue) WHERE status IN (0, 3);
-- Few: a queue's running jobs are counted, a dead worker's are found, expired leases are looked for among them.
CREATE INDEX job_running ON job (queue, worker) WHERE status = 2;
CREATE UNIQUE INDEX job_unique ON job (type, unique_value) WHERE unique_policy <> 0 AND status < 4;
CREATE INDEX job_dead ON job (id) WHERE status = 5;
CREATE INDEX job_finished ON job (finished_at) WHERE status IN (4, 6); -- retention

-- Attempts that have ended, the latest 20 of a job; not the first when it succeeded: the job's own row says that.
-- Without a foreign key, whose triggers double the cost of deleting jobs; who deletes a job deletes these.
CREATE TABLE job_attempt (
  job_id uuid NOT NULL,
  attempt integer NOT NULL,
  started_at bigint NOT NULL,
  finished_at bigint NOT NULL,
  node text NOT NULL,
  outcome text NOT NULL,
  error_kind text,
  error_message text,
  PRIMARY KEY (job_id, attempt)
);

-- Who holds a serial key, from its first place in the line to its final state. Joining and handing over lock this
-- row first (INSERT … ON CONFLICT DO UPDATE, since DO NOTHING locks nothing), so no job is left behind a holder
-- that has just gone.
CREATE TABLE job_key (
  queue text NOT NULL,
  key text NOT NULL,
  holder uuid NOT NULL,
  PRIMARY KEY (queue, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- A queue's row is locked by claims only when it has a limit; then they take turns, or the limit would not hold.
CREATE TABLE job_queue (
  name text PRIMARY KEY,
  paused boolean NOT NULL DEFAULT false,
  tokens double precision NOT NULL DEFAULT 0, -- of the rate limit's bucket
  refilled_at bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO job_queue (name) VALUES ('default');

-- One row for each run of a node's worker. Its number is random and not used again, so a claim names one
-- incarnation; only one that is known dead counts towards poison.
CREATE TABLE job_worker (
  id bigint PRIMARY KEY,
  node text NOT NULL,
  attached_at bigint NOT NULL DEFAULT server_ms(),
  lease_until bigint NOT NULL
) WITH (fillfactor = 50);

-- A key outlives its job: expires_at is null while the job has no final state.
CREATE TABLE idempotency_record (
  key text PRIMARY KEY,
  job_id uuid NOT NULL,
  body uuid NOT NULL,
  status smallint NOT NULL, -- the final one, for when the job is gone
  expires_at bigint
) WITH (fillfactor = 80);
CREATE INDEX idempotency_record_expiry ON idempotency_record (expires_at) WHERE expires_at IS NOT NULL;

-- Depth of each queue without counting a million rows and without a counter that everybody waits for: changes are
-- appended, readers sum them, and now and then somebody folds them (job_tidy). For the rates, status 7 counts the
-- jobs that came and 8 those that reached a final state, by periods of ten seconds.
CREATE TABLE job_depth (
  queue text NOT NULL,
  priority smallint NOT NULL,
  status smallint NOT NULL,
  change bigint NOT NULL,
  period bigint NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE FUNCTION job_depth_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_depth
    SELECT queue, priority, status, count(*), 0 FROM after GROUP BY 1, 2, 3
    UNION ALL SELECT queue, 0, 7, count(*), server_ms() / 10000 FROM after GROUP BY 1;
  RETURN NULL;
END $$;
CREATE FUNCTION job_depth_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_depth
    WITH changes AS (
      SELECT queue, priority, status, sum(change) AS change
      FROM (SELECT queue, priority, status, 1 AS change FROM after
            UNION ALL SELECT queue, priority, status, -1 FROM before) AS rows
      GROUP BY 1, 2, 3 HAVING sum(change) <> 0)
    SELECT queue, priority, status, change, 0 FROM changes
    UNION ALL
    SELECT queue, 0, 8, sum(change), server_ms() / 10000 FROM changes WHERE status >= 4
    GROUP BY 1 HAVING sum(change) > 0;
  RETURN NULL;
END $$;
CREATE FUNCTION job_depth_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO job_depth SELECT queue, priority, status, -count(*) FROM before GROUP BY 1, 2, 3;
  RETURN NULL;
END $$;
CREATE TRIGGER job_depth_inserted AFTER INSERT ON job REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION job_depth_inserted();
CREATE TRIGGER job_depth_updated AFTER UPDATE ON job REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION job_depth_updated();
CREATE TRIGGER job_depth_deleted AFTER DELETE ON job REFERENCING OLD TABLE AS before
  FOR EACH STATEMENT EXECUTE FUNCTION job_depth_deleted();

-- Recurring jobs. Whoever comes first fires one: the row changes only while it is at the version that was read.
CREATE TABLE schedule (
  name text PRIMARY KEY,
  version bigint NOT NULL DEFAULT 1,
  type text NOT NULL,
  payload text NOT NULL,
  queue text NOT NULL,
  key text,
  priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
  max_attempts integer NOT NULL CHECK (max_attempts > 0),
  timeout_ms integer NOT NULL CHECK (timeout_ms >= 0),
  unique_policy smallint NOT NULL DEFAULT 0,
  unique_value uuid NOT NULL,
  body uuid NOT NULL,
  interval_ms bigint, -- one of these two
  cron text,
  time_zone text NOT NULL DEFAULT 'UTC',
  missed smallint NOT NULL DEFAULT 0, -- 0 none, 1 once, 2 all
  jitter_ms bigint NOT NULL DEFAULT 0,
  paused boolean NOT NULL DEFAULT false,
  created_at bigint NOT NULL,
  anchor bigint NOT NULL,       -- that an interval counts from
  nominal_next bigint NOT NULL, -- without the jitter
  next_at bigint NOT NULL,      -- 0: none
  last_at bigint NOT NULL DEFAULT 0,
  last_job uuid NOT NULL,
  fired bigint NOT NULL DEFAULT 0,
  CHECK ((interval_ms IS NULL) <> (cron IS NULL))
);
CREATE INDEX schedule_due ON schedule (next_at) WHERE next_at <> 0;
