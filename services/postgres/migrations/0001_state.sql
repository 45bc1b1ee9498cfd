-- Times are bigint, milliseconds since the Unix epoch, UTC, as everywhere in the runtime: deadlines, leases and
-- jitter are sums, no session's time zone can shift them, and they read the same as in Redis and in the logs. What
-- is compared in SQL comes from the server's clock, by this function: nodes' clocks differ.
CREATE FUNCTION server_ms() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';
-- For epochs and claim tokens, which must grow even when a restored backup has forgotten some.
CREATE FUNCTION server_us() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

-- An owner raises its partition's epoch before it loads state. A durable write locks the row FOR SHARE (FOR KEY
-- SHARE would let the raise pass) and requires its own epoch in it. Rows are never deleted.
CREATE TABLE partition_fence (
  role text NOT NULL,
  partition integer NOT NULL CHECK (partition >= 0),
  epoch bigint NOT NULL CHECK (epoch > 0),
  PRIMARY KEY (role, partition)
) WITH (fillfactor = 50);

-- One row for each entity that has ever saved something; `version` counts its saves, for compare-and-set.
-- Nothing but the key is indexed, so with room in its page a save rewrites no index (HOT).
CREATE TABLE entity_state (
  type text NOT NULL,
  key text NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  epoch bigint NOT NULL, -- of the owner that wrote it
  state bytea NOT NULL,  -- the type's own encoding, with its version
  updated_at bigint NOT NULL DEFAULT server_ms(),
  PRIMARY KEY (type, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- What an administrator of a guild has set. Snowflakes are below 2^63.
CREATE TABLE guild_config (
  guild_id bigint PRIMARY KEY,
  config jsonb NOT NULL CHECK (jsonb_typeof(config) = 'object'),
  version bigint NOT NULL DEFAULT 1,
  updated_at bigint NOT NULL DEFAULT server_ms(),
  updated_by text NOT NULL
);

CREATE TABLE feature_flag (
  name text PRIMARY KEY,
  enabled boolean NOT NULL,
  rules jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rules) = 'object'),
  version bigint NOT NULL DEFAULT 1,
  updated_at bigint NOT NULL DEFAULT server_ms(),
  updated_by text NOT NULL
);

-- Only ever appended to; read from the newest backwards.
CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL DEFAULT server_ms(),
  actor text NOT NULL,   -- who: 'admin', 'user:42' …
  action text NOT NULL,  -- what: 'queue.pause' …
  subject text NOT NULL, -- to what: 'queue:default' …
  details jsonb NOT NULL DEFAULT '{}', -- never a secret
  trace_id text
);
CREATE INDEX audit_log_subject ON audit_log (subject, id);
