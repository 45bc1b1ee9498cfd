-- States of entities. What the functions promise: runtime/store/entity_store.hpp. Nothing has used the table of 0001;
-- this one takes keys of any bytes and knows where an entity belongs.
DROP TABLE entity_state;
CREATE TABLE entity_state (
  type text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  role text NOT NULL,
  partition integer NOT NULL,
  version bigint NOT NULL CHECK (version > 0), -- counts the saves
  save_id bigint NOT NULL, -- of the latest, by which its repetition is known
  epoch bigint NOT NULL,   -- of the owner that wrote it
  updated_at bigint NOT NULL,
  remember boolean NOT NULL,
  wake_at bigint,
  -- For the index: as wake_at itself is not in it, a save that only changes the time rewrites no index (HOT).
  wakeful boolean NOT NULL GENERATED ALWAYS AS (remember OR wake_at IS NOT NULL) STORED,
  state bytea NOT NULL,    -- the type's own encoding, with its version
  PRIMARY KEY (type, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX entity_wakeful ON entity_state (role, partition, type, key) WHERE wakeful;

-- Plans are made while the table is small and kept while it grows: hence enable_seqscan = off.

-- The standing fences, in the order of the arguments. Rows are locked in the order in which entity_save() does it.
CREATE FUNCTION fences_raise(roles text[], partitions integer[], epochs bigint[])
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO partition_fence AS f
    SELECT * FROM unnest(roles, partitions, epochs) AS a (role, partition, epoch) ORDER BY a.role, a.partition
    ON CONFLICT (role, partition) DO UPDATE SET epoch = excluded.epoch WHERE f.epoch < excluded.epoch;
  RETURN QUERY SELECT f.epoch
    FROM unnest(roles, partitions) WITH ORDINALITY AS a (role, partition, number)
    JOIN partition_fence f USING (role, partition) ORDER BY a.number;
END $$;

-- Many saves in one transaction, none of an entity that another one names. Gives, by its number, for each that took
-- place the version; 0 when removed; -1 for one whose fence does not stand. One with another version is not named.
CREATE FUNCTION entity_save(types text[], keys bytea[], roles text[], partitions integer[], epochs bigint[],
                            versions bigint[], ids bigint[], states bytea[], remembers boolean[], wake_ats bigint[],
                            removes boolean[])
RETURNS TABLE (out_number bigint, out_version bigint)
LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
DECLARE
  named bigint;
BEGIN
  PERFORM FROM partition_fence f WHERE (f.role, f.partition) IN (SELECT * FROM unnest(roles, partitions))
    ORDER BY f.role, f.partition FOR SHARE;
  -- A statement of its own: its snapshot is later than the locks.
  RETURN QUERY
    WITH asked AS MATERIALIZED (
      SELECT a.*, coalesce(f.epoch = a.by_epoch, false) AS stands
      FROM unnest(types, keys, roles, partitions, epochs, versions, ids, states, remembers, wake_ats, removes)
        WITH ORDINALITY AS a (of_type, of_key, of_role, of_partition, by_epoch, read_version, id, new_state, kept,
                              wake, remove, number)
      LEFT JOIN partition_fence f ON f.role = a.of_role AND f.partition = a.of_partition
    ), updated AS (
      UPDATE entity_state s SET version = s.version + 1, role = a.of_role, partition = a.of_partition, save_id = a.id,
        epoch = a.by_epoch, updated_at = server_ms(), remember = a.kept, wake_at = nullif(a.wake, -1),
        state = a.new_state
      FROM asked a
      WHERE a.stands AND NOT a.remove AND s.type = a.of_type AND s.key = a.of_key AND s.version = a.read_version
      RETURNING a.number, s.version
    ), removed AS (
      DELETE FROM entity_state s USING asked a
      WHERE a.stands AND a.remove AND s.type = a.of_type AND s.key = a.of_key AND s.version = a.read_version
      RETURNING a.number, 0::bigint
    ), inserted AS (
      INSERT INTO entity_state AS s (type, key, role, partition, version, save_id, epoch, updated_at, remember, wake_at,
                                     state)
      SELECT a.of_type, a.of_key, a.of_role, a.of_partition, 1, a.id, a.by_epoch, server_ms(), a.kept,
        nullif(a.wake, -1), a.new_state
      FROM asked a WHERE a.stands AND NOT a.remove AND a.read_version = 0
      ON CONFLICT DO NOTHING RETURNING s.type, s.key
    )
    SELECT * FROM updated UNION ALL SELECT * FROM removed
    UNION ALL SELECT a.number, -1::bigint FROM asked a WHERE NOT a.stands
    UNION ALL SELECT a.number, 1::bigint FROM inserted i JOIN asked a ON a.of_type = i.type AND a.of_key = i.key;
  GET DIAGNOSTICS named = ROW_COUNT;
  IF named = cardinality(types) THEN
    RETURN;
  END IF;
  -- Repeated ones; others are named once more.
  RETURN QUERY
    SELECT a.number, coalesce(s.version, 0)
    FROM unnest(types, keys, roles, partitions, epochs, versions, ids, removes)
      WITH ORDINALITY AS a (of_type, of_key, of_role, of_partition, by_epoch, read_version, id, remove, number)
    JOIN partition_fence f ON f.role = a.of_role AND f.partition = a.of_partition AND f.epoch = a.by_epoch
    LEFT JOIN entity_state s ON s.type = a.of_type AND s.key = a.of_key
    WHERE (a.remove AND s.type IS NULL)
      OR (NOT a.remove AND s.version = a.read_version + 1 AND s.save_id = a.id);
END $$;

-- A row for each name, in their order.
CREATE FUNCTION entity_load(types text[], keys bytea[])
RETURNS TABLE (out_version bigint, out_state bytea, out_wake_at bigint)
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
    SELECT coalesce(s.version, 0), coalesce(s.state, ''), s.wake_at
    FROM unnest(types, keys) WITH ORDINALITY AS a (type, key, number) LEFT JOIN entity_state s USING (type, key)
    ORDER BY a.number;
END $$;

CREATE FUNCTION entity_wakeful(of_role text, of_partition integer, after_type text, after_key bytea, most integer)
RETURNS TABLE (out_version bigint, out_state bytea, out_wake_at bigint, out_type text, out_key bytea,
               out_remember boolean)
LANGUAGE plpgsql STABLE SET jit = off SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
    SELECT s.version, s.state, s.wake_at, s.type, s.key, s.remember FROM entity_state s
    WHERE s.role = of_role AND s.partition = of_partition AND s.wakeful AND (s.type, s.key) > (after_type, after_key)
    ORDER BY s.type, s.key LIMIT most;
END $$;
