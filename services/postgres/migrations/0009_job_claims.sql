-- Claims look at the first job of each queue only, however many wait. Else as in 0004_job_work.sql.

-- Up to `credit` jobs for a worker, of the queues in turn. `limited`, by name: queues with bounds. The last row has no
-- id when a queue must wait for its rate: `waited` is for how long.
CREATE OR REPLACE FUNCTION job_claim(claimer bigint, claimer_node text, credit integer, turn bigint, ttl bigint, limited text[],
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
      AND (SELECT true FROM job j WHERE j.queue = q.name AND j.status = 1 AND NOT j.blocked
           ORDER BY j.rank, j.id LIMIT 1)); -- not EXISTS: planned as a join, it reads all jobs that wait
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
