-- Feature flags. What the functions promise: runtime/store/flag_store.hpp. `rules` of 0001 hold the percentage.
ALTER TABLE feature_flag ADD COLUMN description text NOT NULL DEFAULT '';
ALTER TABLE feature_flag ALTER COLUMN name TYPE text COLLATE "C";

-- Makes a flag or replaces it, if `expected` is its version (0: there is none; null: any), and says so in the audit log.
-- Gives the flag's version and time; version -1: another one is stored; -2: there are `most` flags already.
CREATE FUNCTION flag_write(of_name text, on_off boolean, for_percent integer, says text, by_whom text, expected bigint,
                           most integer)
RETURNS TABLE (out_version bigint, out_updated_at bigint) LANGUAGE plpgsql AS $$
DECLARE
  stored feature_flag;
  changed feature_flag;
  new_rules jsonb := jsonb_strip_nulls(jsonb_build_object('percentage', for_percent));
BEGIN
  -- Also when there is no row that could be locked.
  PERFORM pg_advisory_xact_lock(hashtextextended('feature_flag:' || of_name, 0));
  SELECT * INTO stored FROM feature_flag WHERE name = of_name;
  IF expected <> coalesce(stored.version, 0) THEN
    RETURN QUERY SELECT -1::bigint, 0::bigint;
    RETURN;
  END IF;
  IF stored.version IS NULL AND (SELECT count(*) FROM feature_flag) >= most THEN
    RETURN QUERY SELECT -2::bigint, 0::bigint;
    RETURN;
  END IF;
  INSERT INTO feature_flag AS f (name, enabled, rules, description, updated_by)
    VALUES (of_name, on_off, new_rules, says, by_whom)
    ON CONFLICT (name) DO UPDATE SET enabled = excluded.enabled, rules = excluded.rules,
      description = excluded.description, version = f.version + 1, updated_at = server_ms(),
      updated_by = excluded.updated_by
    RETURNING * INTO changed;
  INSERT INTO audit_log (actor, action, subject, details)
    VALUES (by_whom, 'flag.set', 'flag:' || of_name,
            jsonb_build_object('enabled', on_off, 'version', changed.version) || new_rules);
  RETURN QUERY SELECT changed.version, changed.updated_at;
END $$;
