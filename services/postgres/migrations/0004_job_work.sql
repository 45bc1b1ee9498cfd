-- Claims, the clock's work, and what operators do. See 0003_job_changes.sql.

-- Up to `credit` jobs for a worker, of the queues in turn. `limited`, by name: queues with bounds. The last row has no
-- id when a queue must wait for its rate: `waited` is for how long.
CREATE FUNCTION job_claim(claimer bigint, claimer_node text, credit integer, turn bigint, ttl bigint, limited text[],
  concurrencies bigint[], rates float8[], bursts float8[])
RETURNS TABLE (id uuid, token bigint, type text, payload text, queue text, key text, attempt integer,
  attempts_spent integer, max_attempts integer, timeout_ms integer, created_at bigint, trace text, waited bigint,
  now_ms bigint, rank bigint) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  now_is bigint := server_ms();
  now_us bigint := server_us();
  names text[] := ARRAY(
    SELECT q.name FROM job_queue q WHERE NOT q.paused
      AND EXISTS (SELECT FROM job j WHERE j.queue = q.name AND j.status = 1 AND NOT j.blocked));
  n integer := cardinality(names);
  name text;
  number integer;
  tokens_left float8;
  want integer;
  got integer;
  full_ones integer;
  next_start bigint;
BEGIN
  IF n > 0 AND names && limited THEN
    PERFORM FROM job_queue q WHERE q.name = ANY (limited) ORDER BY q.name FOR UPDATE;
  END IF;
  WHILE n > 0 AND credit > 0 LOOP
    full_ones := 0;
    FOR i IN 1..n LOOP
      name := names[1 + (i + turn) % n];
      want := ceil(credit::float8 / (n - i + 1));
      number := array_position(limited, name);
      IF number IS NOT NULL AND concurrencies[number] > 0 THEN
        want := least(want, concurrencies[number]
          - (SELECT count(*) FROM job j WHERE j.queue = name AND j.status = 2));
      END IF;
      IF number IS NOT NULL AND rates[number] > 0 THEN
        SELECT least(greatest(bursts[number], 1), q.tokens + greatest(now_is - q.refilled_at, 0) * rates[number] / 1000)
          INTO tokens_left FROM job_queue q WHERE q.name = name;
        want := least(want, floor(tokens_left));
      END IF;
      got := 0;
      IF want > 0 THEN
        RETURN QUERY
          WITH next AS MATERIALIZED (
            SELECT j.id FROM job j WHERE j.queue = name AND j.status = 1 AND NOT j.blocked
            ORDER BY j.rank, j.id LIMIT want FOR UPDATE SKIP LOCKED)
          UPDATE job j SET status = 2, worker = claimer, node = claimer_node, attempt = j.attempt + 1,
            attempts_spent = j.attempts_spent + 1, started_at = now_is, lease_until = now_is + ttl,
            token = greatest(j.token + 1, now_us)
          FROM next WHERE j.id = next.id
          RETURNING j.id, j.token, j.type, j.payload, j.queue, j.key, j.attempt, j.attempts_spent, j.max_attempts,
            j.timeout_ms, j.created_at, j.trace, now_is - j.due_at, now_is, j.rank;
        GET DIAGNOSTICS got = ROW_COUNT;
        credit := credit - got;
        full_ones := full_ones + (got = want)::integer;
      END IF;
      IF number IS NOT NULL AND rates[number] > 0 THEN
        tokens_left := tokens_left - got;
        UPDATE job_queue q SET tokens = tokens_left, refilled_at = now_is WHERE q.name = name;
        IF tokens_left < 1 THEN
          next_start := least(next_start, ceil((1 - tokens_left) * 1000 / rates[number])::bigint);
        END IF;
      END IF;
      EXIT WHEN credit = 0;
    END LOOP;
    EXIT WHEN full_ones = 0;
  END LOOP;
  IF next_start IS NOT NULL THEN
    id := NULL;
    waited := next_start;
    RETURN NEXT;
  END IF;
END $$;

-- Delayed jobs that are due.
CREATE FUNCTION job_promote(most integer, ageing bigint) RETURNS SETOF job_event LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off AS $$
DECLARE
  keyed job;
  is_blocked boolean;
BEGIN
  RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT j.id FROM job j WHERE j.status IN (0, 3) AND j.due_at <= server_ms() AND j.key IS NULL
      ORDER BY j.due_at LIMIT most FOR UPDATE SKIP LOCKED)
    UPDATE job j SET status = 1, rank = j.due_at + j.priority * ageing FROM due WHERE j.id = due.id
    RETURNING j.id, j.status, j.attempt, j.type, j.queue, j.node, j.error_kind, NULL::bigint, j.trace, j.worker, j.token;
  FOR keyed IN
    SELECT * FROM (
      SELECT * FROM job j WHERE j.status IN (0, 3) AND j.due_at <= server_ms() AND j.key IS NOT NULL
      ORDER BY j.due_at LIMIT most FOR UPDATE SKIP LOCKED) due
    ORDER BY queue, key, due_at, id
  LOOP
    is_blocked := job_join(keyed.queue, keyed.key, keyed.id);
    UPDATE job j SET status = 1, rank = j.due_at + j.priority * ageing, blocked = is_blocked WHERE j.id = keyed.id;
    RETURN NEXT ROW(keyed.id, 1::smallint, keyed.attempt, keyed.type, keyed.queue, keyed.node, keyed.error_kind, NULL::bigint,
      keyed.trace, keyed.worker, keyed.token)::job_event;
  END LOOP;
END $$;

-- Retention, in steps; folds the depths.
CREATE FUNCTION job_tidy(most integer, retention bigint) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off AS $$
DECLARE
  now_ms bigint := server_ms();
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('tutti.job_tidy')) THEN
    RETURN; -- another node is at it
  END IF;
  WITH gone AS (
    DELETE FROM job WHERE id IN (SELECT id FROM job WHERE status IN (4, 6) AND finished_at <= now_ms - retention
      ORDER BY finished_at LIMIT most FOR UPDATE SKIP LOCKED) RETURNING id)
  DELETE FROM job_attempt a USING gone WHERE a.job_id = gone.id;
  DELETE FROM idempotency_record WHERE key IN (SELECT key FROM idempotency_record WHERE expires_at <= now_ms
    ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  WITH gone AS (DELETE FROM job_depth RETURNING *)
  INSERT INTO job_depth
    SELECT queue, priority, status, sum(change), period FROM gone
    WHERE period = 0 OR period > now_ms / 10000 - 7 GROUP BY 1, 2, 3, 5 HAVING sum(change) <> 0;
END $$;

-- outcome: as jobs::cancelled; nothing: no such job. `status` is the one it has now.
CREATE FUNCTION job_cancel(which uuid, key_retention bigint)
RETURNS TABLE (outcome integer, id uuid, status smallint, attempt integer, type text, queue text, node text,
  error_kind text, ran bigint, trace text, worker bigint, token bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  now_ms bigint := server_ms();
  found_job job;
BEGIN
  SELECT * INTO found_job FROM job j WHERE j.id = which FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  outcome := CASE found_job.status WHEN 6 THEN 2 WHEN 2 THEN 1 WHEN 4 THEN 3 WHEN 5 THEN 3 ELSE 0 END;
  IF outcome = 1 THEN
    UPDATE job SET cancel_requested = true WHERE job.id = which;
  ELSIF outcome = 0 THEN
    UPDATE job SET status = 6, blocked = false, finished_at = now_ms WHERE job.id = which;
    UPDATE idempotency_record r SET status = 6, expires_at = now_ms + key_retention WHERE r.key = found_job.idempotency_key;
    IF found_job.key IS NOT NULL AND NOT found_job.blocked THEN
      PERFORM job_leave(found_job.queue, found_job.key, which);
    END IF;
  END IF;
  RETURN QUERY SELECT outcome, j.id, j.status, j.attempt, j.type, j.queue, j.node, j.error_kind, NULL::bigint, j.trace,
    j.worker, j.token FROM job j WHERE j.id = which;
END $$;

-- Dead or cancelled jobs run again with all their attempts. code: 0 done, 1 not found, 2 in another state, 3 another
-- one is the unique one.
CREATE FUNCTION job_restart(ids uuid[], dead_only boolean, ageing bigint)
RETURNS TABLE (code integer, id uuid, status smallint, attempt integer, type text, queue text, node text,
  error_kind text, ran bigint, trace text, worker bigint, token bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  now_ms bigint := server_ms();
  which uuid;
  old job;
BEGIN
  FOREACH which IN ARRAY ids LOOP
    SELECT * INTO old FROM job j WHERE j.id = which FOR UPDATE;
    code := CASE WHEN NOT FOUND THEN 1 WHEN old.status = 5 OR (old.status = 6 AND NOT dead_only) THEN 0 ELSE 2 END;
    id := which;
    IF code = 0 THEN
      BEGIN
        UPDATE job SET status = 1, attempts_spent = 0, worker_deaths = 0, cancel_requested = false, finished_at = 0,
          due_at = now_ms, rank = now_ms + priority * ageing WHERE job.id = which;
        IF old.key IS NOT NULL AND job_join(old.queue, old.key, which) THEN
          UPDATE job SET blocked = true WHERE job.id = which;
        END IF;
        UPDATE idempotency_record r SET status = 0, expires_at = NULL
          WHERE r.key = old.idempotency_key AND r.job_id = which;
      EXCEPTION WHEN unique_violation THEN
        code := 3;
      END;
    END IF;
    status := 1;
    attempt := old.attempt;
    type := old.type;
    queue := old.queue;
    node := old.node;
    error_kind := old.error_kind;
    trace := old.trace;
    worker := old.worker;
    token := old.token;
    RETURN NEXT;
  END LOOP;
END $$;

-- As job_restart's code.
CREATE FUNCTION job_discard(which uuid, key_retention bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  old job;
BEGIN
  SELECT * INTO old FROM job WHERE id = which FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 1;
  ELSIF old.status <> 5 THEN
    RETURN 2;
  END IF;
  UPDATE idempotency_record SET status = 5, expires_at = greatest(server_ms(), old.finished_at + key_retention)
    WHERE key = old.idempotency_key AND job_id = which;
  DELETE FROM job_attempt WHERE job_id = which;
  DELETE FROM job WHERE id = which;
  RETURN 0;
END $$;

-- Cancels up to `most` waiting jobs that came until then, those that wait for a key first: else each would get it.
CREATE FUNCTION job_purge(name text, until bigint, most integer, key_retention bigint) RETURNS SETOF job_event
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
DECLARE
  now_ms bigint := server_ms();
  chosen uuid[];
  freed record;
BEGIN
  chosen := ARRAY(SELECT id FROM job WHERE queue = name AND blocked AND created_at <= until LIMIT most
    FOR UPDATE SKIP LOCKED);
  IF cardinality(chosen) = 0 THEN
    chosen := ARRAY(SELECT id FROM job WHERE queue = name AND status = 1 AND NOT blocked AND created_at <= until
      LIMIT most FOR UPDATE SKIP LOCKED);
  END IF;
  IF cardinality(chosen) = 0 THEN
    chosen := ARRAY(SELECT id FROM job WHERE status IN (0, 3) AND queue = name AND created_at <= until LIMIT most
      FOR UPDATE SKIP LOCKED);
  END IF;
  UPDATE job SET status = 6, blocked = false, finished_at = now_ms, error_kind = 'purged',
    error_message = 'its queue was purged' WHERE id = ANY (chosen);
  UPDATE idempotency_record r SET status = 6, expires_at = now_ms + key_retention FROM job j
    WHERE j.id = ANY (chosen) AND r.key = j.idempotency_key;
  FOR freed IN SELECT j.id, j.key FROM job j WHERE j.id = ANY (chosen) AND j.key IS NOT NULL ORDER BY j.key LOOP
    PERFORM job_leave(name, freed.key, freed.id);
  END LOOP;
  RETURN QUERY SELECT j.id, j.status, j.attempt, j.type, j.queue, j.node, j.error_kind, NULL::bigint, j.trace, j.worker,
    j.token FROM job j WHERE j.id = ANY (chosen);
END $$;

-- Takes a schedule from the version that was read to what it is after a run, and submits that run's jobs.
CREATE FUNCTION job_fire(which text, read_version bigint, nominal bigint, next bigint, last bigint, latest uuid,
  runs bigint, ids uuid[], types text[], payloads text[], queues text[], names text[], bodies uuid[],
  priorities bigint[], run_ats bigint[], attempts bigint[], timeouts bigint[], traces text[], ageing bigint,
  keys text[], uniques bigint[], unique_values uuid[], max_jobs bigint, max_queues bigint, key_retention bigint)
RETURNS TABLE (n bigint, outcome integer, job_id uuid, status integer, made boolean, queue text, node text,
  attempt integer, trace text) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE schedule SET version = version + 1, nominal_next = nominal, next_at = next, last_at = last, last_job = latest,
    fired = runs WHERE name = which AND version = read_version;
  IF FOUND THEN
    RETURN QUERY SELECT * FROM job_submit_each(ids, types, payloads, queues, names, bodies, priorities, run_ats,
      attempts, timeouts, traces, ageing, keys, uniques, unique_values, max_jobs, max_queues, key_retention);
  END IF;
END $$;
