-- A save that hung and is executed after its entity was removed must not bring it back, nor pass for one of the entity
-- that took its place. So the version goes on counting behind a removal, and what was sent before it (ids grow within
-- an epoch) makes nothing anew. Kept for a day.
CREATE TABLE entity_removal (
  type text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  version bigint NOT NULL,
  save_id bigint NOT NULL,
  epoch bigint NOT NULL,
  removed_at bigint NOT NULL,
  PRIMARY KEY (type, key)
);
CREATE INDEX entity_removal_by_time ON entity_removal (removed_at);

-- Many saves in one transaction, none of an entity that another one names. Gives, by its number, for each that took
-- place the version; 0 when removed; -1 for one whose fence does not stand. One with another version is not named.
CREATE OR REPLACE FUNCTION entity_save(types text[], keys bytea[], roles text[], partitions integer[], epochs bigint[],
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
      RETURNING a.number, s.type, s.key, s.version, a.id, a.by_epoch
    ), kept AS (
      INSERT INTO entity_removal AS t (type, key, version, save_id, epoch, removed_at)
      SELECT r.type, r.key, r.version + 1, r.id, r.by_epoch, server_ms() FROM removed r
      ON CONFLICT (type, key) DO UPDATE SET version = excluded.version, save_id = excluded.save_id,
        epoch = excluded.epoch, removed_at = excluded.removed_at
    ), inserted AS (
      INSERT INTO entity_state AS s (type, key, role, partition, version, save_id, epoch, updated_at, remember, wake_at,
                                     state)
      SELECT a.of_type, a.of_key, a.of_role, a.of_partition, coalesce(t.version, 0) + 1, a.id, a.by_epoch,
        server_ms(), a.kept, nullif(a.wake, -1), a.new_state
      FROM asked a LEFT JOIN entity_removal t ON t.type = a.of_type AND t.key = a.of_key
      WHERE a.stands AND NOT a.remove AND a.read_version = 0
        AND (t.type IS NULL OR (t.epoch, t.save_id) < (a.by_epoch, a.id))
      ON CONFLICT DO NOTHING RETURNING s.type, s.key, s.version
    )
    SELECT * FROM updated UNION ALL SELECT r.number, 0::bigint FROM removed r
    UNION ALL SELECT a.number, -1::bigint FROM asked a WHERE NOT a.stands
    UNION ALL SELECT a.number, i.version FROM inserted i JOIN asked a ON a.of_type = i.type AND a.of_key = i.key;
  GET DIAGNOSTICS named = ROW_COUNT;
  IF true = ANY (removes) THEN
    DELETE FROM entity_removal WHERE (type, key) IN (
      SELECT t.type, t.key FROM entity_removal t WHERE t.removed_at < server_ms() - 86400000
      ORDER BY t.removed_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
  END IF;
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
    LEFT JOIN entity_removal t ON t.type = a.of_type AND t.key = a.of_key
    WHERE (a.remove AND s.type IS NULL)
      OR (NOT a.remove AND s.save_id = a.id
          AND s.version = CASE a.read_version WHEN 0 THEN coalesce(t.version, 0) ELSE a.read_version END + 1);
END $$;
