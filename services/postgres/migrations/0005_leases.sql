-- Leases and the partition table, for a cluster that is coordinated here. Rows are never deleted, or epochs would go
-- back. What the functions promise: runtime/cluster/leases/store.hpp. Each is called as a statement of its own, and
-- locks the row of lease_clock first: they run one after another, a few a second for each node.
CREATE TABLE lease (
  name text COLLATE "C" PRIMARY KEY,
  node text NOT NULL, -- '': released
  incarnation bigint NOT NULL,
  epoch bigint NOT NULL CHECK (epoch > 0),
  until_us bigint NOT NULL,
  value bytea NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE lease_clock (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  server_start timestamptz, -- of the server that answered last; null: nobody has called yet
  sitting_until bigint NOT NULL DEFAULT 0, -- µs; until then only sitting owners may renew …
  former_until bigint NOT NULL DEFAULT 0,  -- … and until then former owners come first
  last_call bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO lease_clock DEFAULT VALUES;

CREATE TABLE partition_table (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0, -- of the coordinator that wrote it
  content bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 50);
INSERT INTO partition_table DEFAULT VALUES;

-- A server that was started anew may have lost commits: synchronous_commit off, a standby that took over, a backup.
CREATE FUNCTION lease_windows(ttl bigint, OUT now_us bigint, OUT sitting bigint, OUT former bigint)
LANGUAGE plpgsql AS $$
DECLARE
  known lease_clock;
  started timestamptz := pg_postmaster_start_time();
BEGIN
  SELECT * INTO STRICT known FROM lease_clock FOR UPDATE;
  now_us := server_us(); -- behind the lock
  sitting := known.sitting_until;
  former := known.former_until;
  IF known.server_start <> started THEN
    sitting := now_us + ttl;
    former := now_us + 2 * ttl;
  ELSIF now_us - known.last_call > ttl THEN
    former := greatest(former, now_us + ttl);
  END IF;
  sitting := least(sitting, now_us + ttl); -- the clock may have gone back
  former := least(former, now_us + 2 * ttl);
  UPDATE lease_clock
    SET server_start = started, sitting_until = sitting, former_until = former, last_call = now_us;
END $$;

CREATE FUNCTION lease_acquire(ttl bigint, by_node text, by_incarnation bigint, names text[], helds bigint[],
                              seens bigint[], contents bytea[])
RETURNS TABLE (out_outcome integer, out_epoch bigint, out_node text, out_incarnation bigint, out_left bigint)
LANGUAGE plpgsql AS $$
DECLARE
  w record;
  r lease;
  fence bigint;
BEGIN
  SELECT * INTO w FROM lease_windows(ttl);
  FOR i IN 1 .. cardinality(names) LOOP
    SELECT * INTO r FROM lease WHERE name = names[i];
    IF NOT FOUND THEN
      r := (names[i], '', 0, 0, 0, '');
    ELSIF r.until_us > w.now_us + ttl THEN -- the clock has gone back
      r.until_us := w.now_us + ttl;
      UPDATE lease SET until_us = r.until_us WHERE name = r.name;
    END IF;
    out_outcome := 0;
    out_left := ttl;
    IF r.until_us > w.now_us AND NOT (r.node = by_node AND r.incarnation = by_incarnation) THEN
      out_outcome := 1;
      out_left := greatest(r.until_us, w.sitting) - w.now_us;
    ELSIF w.now_us < w.sitting THEN
      out_outcome := 2;
      out_left := w.sitting - w.now_us;
    ELSIF r.until_us <= w.now_us AND w.now_us < w.former AND r.node NOT IN ('', by_node)
          AND (helds[i] = 0 OR helds[i] < r.epoch) THEN
      out_outcome := 2;
      out_left := w.former - w.now_us;
    ELSE
      fence := 0;
      IF names[i] ~ '^partition/[^/]+/[0-9]{1,9}$' THEN
        SELECT f.epoch INTO fence FROM partition_fence f
          WHERE f.role = split_part(names[i], '/', 2) AND f.partition = split_part(names[i], '/', 3)::integer;
      END IF;
      r := (names[i], by_node, by_incarnation, greatest(r.epoch, helds[i], seens[i], fence, w.now_us) + 1,
            w.now_us + ttl, contents[i]);
      INSERT INTO lease SELECT r.* ON CONFLICT (name) DO UPDATE SET node = excluded.node,
        incarnation = excluded.incarnation, epoch = excluded.epoch, until_us = excluded.until_us,
        value = excluded.value;
    END IF;
    out_epoch := r.epoch;
    out_node := r.node;
    out_incarnation := r.incarnation;
    RETURN NEXT;
  END LOOP;
END $$;

-- Gives the names that are lost.
CREATE FUNCTION lease_renew(ttl bigint, by_node text, by_incarnation bigint, names text[], epochs bigint[],
                            contents bytea[])
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  w record;
BEGIN
  SELECT * INTO w FROM lease_windows(ttl);
  FOR i IN 1 .. cardinality(names) LOOP
    -- A later epoch than the stored one is of a grant that the server has lost. While only sitting owners renew, an
    -- older record that seems live is stale.
    INSERT INTO lease AS l VALUES (names[i], by_node, by_incarnation, epochs[i], w.now_us + ttl, contents[i])
      ON CONFLICT (name) DO UPDATE SET node = excluded.node, incarnation = excluded.incarnation,
        epoch = excluded.epoch, until_us = excluded.until_us, value = excluded.value
      WHERE (l.epoch = excluded.epoch AND l.node = excluded.node AND l.incarnation = excluded.incarnation)
        OR (l.epoch < excluded.epoch AND (l.until_us <= w.now_us OR w.now_us < w.sitting));
    IF NOT FOUND THEN
      RETURN NEXT names[i];
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION lease_release(by_node text, by_incarnation bigint, names text[], epochs bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM lease_clock FOR UPDATE;
  UPDATE lease l SET node = '', incarnation = 0, until_us = 0, value = ''
    FROM unnest(names, epochs) AS given (name, epoch)
    WHERE l.name = given.name AND l.epoch = given.epoch AND l.node = by_node AND l.incarnation = by_incarnation;
END $$;

-- The new version, or 0 for a conflict.
CREATE FUNCTION partition_table_write(ttl bigint, coordinator text, by_epoch bigint, read_version bigint,
                                      new_content bytea)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  w record;
  written bigint;
BEGIN
  SELECT * INTO w FROM lease_windows(ttl);
  -- After a restart a lease counts once it has been renewed: the record may be an old one.
  UPDATE partition_table t
    SET version = greatest(t.version, w.now_us) + 1, epoch = by_epoch, content = new_content
    FROM lease l
    WHERE l.name = coordinator AND l.epoch = by_epoch AND l.until_us > w.now_us
      AND (w.now_us >= w.sitting OR l.until_us >= w.sitting)
      AND t.version = read_version AND t.epoch <= by_epoch
    RETURNING t.version INTO written;
  RETURN coalesce(written, 0);
END $$;
