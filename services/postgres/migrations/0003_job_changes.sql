-- What changes jobs: functions, so that each change is one round trip, and none forgets a key's line, an
-- idempotency record or the history. Settings are off where a plan made for an empty table would read a full one, and
-- jit with them: it takes those plans for expensive.
--
-- Who locks what: job rows that somebody else may want are taken with SKIP LOCKED; keys in the order of queue and
-- key; limited queues by name. What deadlocks all the same is rolled back, and its caller does it again.

-- What observers are told of one change of a status.
CREATE TYPE job_event AS (
  id uuid,
  status smallint,
  attempt integer,
  type text,
  queue text,
  node text,
  error_kind text,
  ran bigint, -- ms; null: no attempt ended with it
  trace text,
  worker bigint,
  token bigint
);

-- Puts a job into the line of its key; whether another one is before it.
CREATE FUNCTION job_join(in_queue text, in_key text, joining uuid) RETURNS boolean LANGUAGE sql AS $$
  INSERT INTO job_key AS line VALUES (in_queue, in_key, joining)
  ON CONFLICT (queue, key) DO UPDATE SET holder = line.holder RETURNING holder <> joining
$$;

-- The key's next job is runnable, if `leaving` held the key.
CREATE FUNCTION job_leave(in_queue text, in_key text, leaving uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  next uuid;
BEGIN
  PERFORM FROM job_key WHERE queue = in_queue AND key = in_key AND holder = leaving FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  LOOP
    SELECT id INTO next FROM job WHERE queue = in_queue AND key = in_key AND blocked ORDER BY due_at, id LIMIT 1;
    IF NOT FOUND THEN
      DELETE FROM job_key WHERE queue = in_queue AND key = in_key;
      RETURN;
    END IF;
    UPDATE job SET blocked = false WHERE id = next AND blocked; -- it may just have been cancelled
    IF FOUND THEN
      UPDATE job_key SET holder = next WHERE queue = in_queue AND key = in_key;
      RETURN;
    END IF;
  END LOOP;
END $$;

-- Many plain jobs: no serial key, nothing unique, no id or idempotency key twice, all queues known, far from the bound.
-- A job that was made comes first, and may come again.
CREATE FUNCTION job_submit(ids uuid[], types text[], payloads text[], queues text[], names text[], bodies uuid[],
  priorities bigint[], run_ats bigint[], attempts bigint[], timeouts bigint[], traces text[], ageing bigint)
RETURNS TABLE (given uuid, outcome integer, job_id uuid, status integer, made boolean) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  now_ms bigint := server_ms();
  rows bigint;
BEGIN
  RETURN QUERY
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest(ids, types, payloads, queues, names, bodies, priorities, run_ats, attempts, timeouts, traces)
        AS g (id, type, payload, queue, name, body, priority, run_at, max_attempts, timeout_ms, trace)
    ), named AS (
      INSERT INTO idempotency_record AS r (key, job_id, body, status)
      SELECT name, id, body, 0 FROM given WHERE name <> '' ORDER BY name
      ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, body = excluded.body, status = 0, expires_at = NULL
        WHERE r.expires_at <= now_ms
      RETURNING key
    ), made AS (
      INSERT INTO job AS j (id, rank, due_at, created_at, max_attempts, timeout_ms, status, priority, body, type,
        queue, idempotency_key, trace, payload)
      SELECT id, greatest(run_at, now_ms) + priority * ageing, greatest(run_at, now_ms), now_ms, max_attempts,
        timeout_ms, (run_at <= now_ms)::integer, priority, body, type, queue, nullif(name, ''), nullif(trace, ''),
        payload
      FROM given WHERE name = '' OR name IN (SELECT key FROM named)
      ON CONFLICT (id) DO NOTHING
      RETURNING j.id, j.status
    )
    SELECT id, 0, id, status::integer, true FROM made;
  GET DIAGNOSTICS rows = ROW_COUNT;
  IF rows < cardinality(ids) THEN -- sent again, or the key of another job
    RETURN QUERY
      SELECT g.id, CASE WHEN r.job_id IS NULL OR r.job_id = g.id THEN 0 WHEN r.body = g.body THEN 1 ELSE 2 END,
        coalesce(r.job_id, g.id), coalesce(j.status, r.status)::integer, false
      FROM unnest(ids, names, bodies) AS g (id, name, body)
      LEFT JOIN idempotency_record r ON r.key = g.name
      LEFT JOIN job j ON j.id = coalesce(r.job_id, g.id);
  END IF;
END $$;

-- Any jobs, one after the other. outcome: as jobs::submitted; -1: this job was replaced by number n.
CREATE FUNCTION job_submit_each(ids uuid[], types text[], payloads text[], queues text[], names text[], bodies uuid[],
  priorities bigint[], run_ats bigint[], attempts bigint[], timeouts bigint[], traces text[], ageing bigint,
  keys text[], uniques bigint[], unique_values uuid[], max_jobs bigint, max_queues bigint, key_retention bigint)
RETURNS TABLE (n bigint, outcome integer, job_id uuid, status integer, made boolean, queue text, node text,
  attempt integer, trace text) LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  now_ms bigint := server_ms();
  room bigint := max_jobs - (SELECT coalesce(sum(change), 0) FROM job_depth WHERE status IN (0, 1, 2, 3, 5));
  g record;
  known record;
  replaced job;
  is_blocked boolean;
BEGIN
  FOR g IN SELECT * FROM unnest(ids, types, payloads, queues, names, bodies, priorities, run_ats, attempts, timeouts,
      traces, keys, uniques, unique_values) WITH ORDINALITY AS x (id, type, payload, queue, name, body, priority,
      run_at, max_attempts, timeout_ms, trace, key, policy, value, n)
  LOOP
    n := g.n;
    made := false;
    IF g.name <> '' THEN
      SELECT r.job_id, r.body, coalesce(j.status, r.status) AS status INTO known
        FROM idempotency_record r LEFT JOIN job j ON j.id = r.job_id
        WHERE r.key = g.name AND (r.expires_at IS NULL OR r.expires_at > now_ms);
      IF FOUND THEN
        outcome := CASE WHEN known.job_id = g.id THEN 0 WHEN known.body = g.body THEN 1 ELSE 2 END;
        job_id := known.job_id;
        status := known.status;
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;
    SELECT j.status INTO known FROM job j WHERE j.id = g.id;
    IF FOUND THEN
      outcome := 0;
      job_id := g.id;
      status := known.status;
      RETURN NEXT;
      CONTINUE;
    END IF;
    replaced := NULL;
    IF g.policy <> 0 THEN
      SELECT * INTO replaced FROM job j
        WHERE j.type = g.type AND j.unique_value = g.value AND j.unique_policy <> 0 AND j.status < 4 FOR UPDATE;
      IF FOUND AND (g.policy <> 3 OR replaced.status = 2) THEN
        outcome := CASE WHEN g.policy = 2 THEN 3 ELSE 1 END;
        job_id := replaced.id;
        status := replaced.status;
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;
    job_id := NULL;
    status := 1;
    IF room + (replaced.id IS NOT NULL)::integer <= 0 THEN
      outcome := 4;
      RETURN NEXT;
      CONTINUE;
    END IF;
    PERFORM FROM job_queue WHERE name = g.queue;
    IF NOT FOUND THEN
      IF (SELECT count(*) FROM job_queue) >= max_queues THEN
        outcome := 5;
        RETURN NEXT;
        CONTINUE;
      END IF;
      INSERT INTO job_queue (name) VALUES (g.queue) ON CONFLICT DO NOTHING;
    END IF;
    IF replaced.id IS NOT NULL THEN
      UPDATE job SET status = 6, blocked = false, finished_at = now_ms, error_kind = 'replaced',
        error_message = 'another one took its place' WHERE id = replaced.id;
      UPDATE idempotency_record SET status = 6, expires_at = now_ms + key_retention WHERE key = replaced.idempotency_key;
      IF NOT replaced.blocked AND replaced.key IS NOT NULL THEN
        PERFORM job_leave(replaced.queue, replaced.key, replaced.id);
      END IF;
      room := room + 1;
      outcome := -1;
      job_id := replaced.id;
      status := 6;
      queue := replaced.queue;
      node := replaced.node;
      attempt := replaced.attempt;
      trace := replaced.trace;
      RETURN NEXT;
    END IF;
    is_blocked := g.key <> '' AND g.run_at <= now_ms AND job_join(g.queue, g.key, g.id);
    INSERT INTO job (id, rank, due_at, created_at, max_attempts, timeout_ms, status, priority, unique_policy,
        unique_value, blocked, body, type, queue, key, idempotency_key, trace, payload)
      VALUES (g.id, greatest(g.run_at, now_ms) + g.priority * ageing, greatest(g.run_at, now_ms), now_ms,
        g.max_attempts, g.timeout_ms, (g.run_at <= now_ms)::integer, g.priority, g.policy, g.value, is_blocked, g.body,
        g.type, g.queue, nullif(g.key, ''), nullif(g.name, ''), nullif(g.trace, ''), g.payload)
      ON CONFLICT DO NOTHING;
    IF FOUND AND g.name <> '' THEN
      INSERT INTO idempotency_record AS r (key, job_id, body, status) VALUES (g.name, g.id, g.body, 0)
        ON CONFLICT (key) DO UPDATE SET job_id = excluded.job_id, body = excluded.body, status = 0, expires_at = NULL
          WHERE r.expires_at <= now_ms;
    END IF;
    IF NOT FOUND THEN -- another node was faster: all of this again, now that it can be seen
      RAISE serialization_failure USING MESSAGE = 'an equal job came at the same time';
    END IF;
    room := room - 1;
    outcome := 0;
    job_id := g.id;
    status := (g.run_at <= now_ms)::integer;
    made := true;
    RETURN NEXT;
  END LOOP;
END $$;

-- The status that follows an attempt. kind: as attempt_outcome::kind; 6: its claim ended, 7: its worker died.
CREATE FUNCTION job_fate(kind bigint, delay bigint, cancel boolean, spent integer, allowed integer, died integer,
  deaths bigint) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN kind = 0 THEN 4
    WHEN kind = 2 THEN 5
    WHEN kind = 5 OR cancel THEN 6
    WHEN kind = 1 AND spent >= allowed THEN 5
    WHEN kind = 7 AND died + 1 >= deaths THEN 5
    WHEN kind >= 6 OR delay <= 0 THEN 1
    WHEN kind = 1 THEN 3
    ELSE 0 END
$$;

-- Ends attempts whose tokens are right; what it does not answer was not. No pair twice.
CREATE FUNCTION job_end(ids uuid[], tokens bigint[], kinds bigint[], results text[], error_kinds text[],
  error_messages text[], delays bigint[], ageing bigint, deaths bigint, key_retention bigint)
RETURNS SETOF job_event LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  now_ms bigint := server_ms();
  ended record;
BEGIN
  RETURN QUERY
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest(ids, tokens, kinds, results, error_kinds, error_messages, delays)
        AS g (id, token, kind, result, error_kind, error_message, delay)
    ), done AS (
      UPDATE job AS j SET
        status = job_fate(kind, delay, cancel_requested, attempts_spent, max_attempts, worker_deaths, deaths),
        due_at = CASE job_fate(kind, delay, cancel_requested, attempts_spent, max_attempts, worker_deaths, deaths)
          WHEN 0 THEN now_ms + delay WHEN 3 THEN now_ms + delay WHEN 1 THEN now_ms ELSE due_at END,
        rank = CASE job_fate(kind, delay, cancel_requested, attempts_spent, max_attempts, worker_deaths, deaths)
          WHEN 1 THEN now_ms + priority * ageing ELSE rank END,
        finished_at = CASE WHEN job_fate(kind, delay, cancel_requested, attempts_spent, max_attempts, worker_deaths,
          deaths) >= 4 THEN now_ms ELSE 0 END,
        attempts_spent = attempts_spent - (kind IN (3, 4, 6, 7))::integer,
        worker_deaths = worker_deaths + (kind = 7)::integer,
        result = CASE WHEN kind = 0 THEN g.result ELSE j.result END,
        error_kind = CASE
          WHEN kind = 0 THEN NULL
          WHEN kind IN (1, 2, 5) THEN g.error_kind
          WHEN cancel_requested THEN 'cancelled'
          WHEN kind = 7 AND worker_deaths + 1 >= deaths THEN 'poison'
          ELSE j.error_kind END,
        error_message = CASE
          WHEN kind = 0 THEN NULL
          WHEN kind IN (1, 2, 5) THEN g.error_message
          WHEN cancel_requested THEN 'cancelled on request'
          WHEN kind = 7 AND worker_deaths + 1 >= deaths THEN 'its worker died ' || worker_deaths + 1 || ' times'
          ELSE j.error_message END
      FROM given g
      WHERE j.id = g.id AND j.token = g.token
        AND CASE g.id WHEN j.id THEN j.status END = 2 -- so that rows are found by id, not by status
      RETURNING j.id, j.status, j.attempt, j.type, j.queue, j.node, j.error_kind, j.started_at, j.trace, j.worker,
        j.token, j.idempotency_key, kind, g.error_kind AS said_kind, g.error_message AS said
    ), history AS (
      INSERT INTO job_attempt
      SELECT id, attempt, started_at, now_ms, node,
        CASE WHEN kind >= 6 THEN 'lost' WHEN status = 6 THEN 'cancelled'
          ELSE (ARRAY['succeeded', 'failed', 'failed', 'snoozed', 'released'])[kind + 1] END,
        CASE WHEN kind >= 6 THEN 'lost' WHEN kind IN (1, 2, 5) THEN said_kind END,
        CASE kind WHEN 7 THEN 'its worker died' WHEN 6 THEN 'its claim ended without an outcome'
          ELSE CASE WHEN kind IN (1, 2, 5) THEN said END END
      FROM done WHERE attempt > 1 OR kind <> 0
    ), forgotten AS (
      DELETE FROM job_attempt a USING done d WHERE a.job_id = d.id AND d.attempt > 20 AND a.attempt <= d.attempt - 20
    ), named AS (
      UPDATE idempotency_record r
      SET status = d.status, expires_at = CASE WHEN d.status <> 5 THEN now_ms + key_retention END
      FROM done d WHERE d.status >= 4 AND r.key = d.idempotency_key AND r.job_id = d.id
    )
    SELECT id, status, attempt, type, queue, node, error_kind, now_ms - started_at, trace, worker, token FROM done;
  FOR ended IN
    SELECT j.queue, j.key, j.id FROM unnest(ids) AS g (id) JOIN job j ON j.id = g.id
    WHERE j.key IS NOT NULL AND j.status >= 4 ORDER BY 1, 2
  LOOP
    PERFORM job_leave(ended.queue, ended.key, ended.id);
  END LOOP;
END $$;

-- All that these workers hold is lost.
CREATE FUNCTION job_lose(workers bigint[], kind bigint, ageing bigint, deaths bigint, key_retention bigint)
RETURNS SETOF job_event LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    SELECT ended.* FROM
      (SELECT array_agg(id) AS ids, array_agg(token) AS tokens, array_agg(kind) AS kinds, array_agg(''::text) AS texts,
         array_agg(0::bigint) AS delays
       FROM job WHERE status = 2 AND worker = ANY (workers)) held,
      LATERAL job_end(ids, tokens, kinds, texts, texts, texts, delays, ageing, deaths, key_retention) ended;
  DELETE FROM job_worker WHERE id = ANY (workers);
END $$;

-- Claims whose time is over, and those of workers that nobody has heard of.
CREATE FUNCTION job_reap(ageing bigint, deaths bigint, key_retention bigint) RETURNS SETOF job_event
LANGUAGE plpgsql AS $$
DECLARE
  dead bigint[];
BEGIN
  SELECT array_agg(id) INTO dead
    FROM (SELECT id FROM job_worker WHERE lease_until <= server_ms() FOR UPDATE SKIP LOCKED) gone;
  IF dead IS NOT NULL THEN
    RETURN QUERY SELECT * FROM job_lose(dead, 7, ageing, deaths, key_retention);
  END IF;
  RETURN QUERY
    SELECT ended.* FROM
      (SELECT array_agg(id) AS ids, array_agg(token) AS tokens, array_agg(6::bigint) AS kinds, array_agg(''::text) AS texts,
         array_agg(0::bigint) AS delays
       FROM (SELECT id, token FROM job WHERE status = 2 AND lease_until <= server_ms() LIMIT 1000
             FOR UPDATE SKIP LOCKED) late) held,
      LATERAL job_end(ids, tokens, kinds, texts, texts, texts, delays, ageing, deaths, key_retention) ended
    WHERE ids IS NOT NULL;
END $$;
