-- The ground: who asks (enter_*), tenants and their people and machines, and the tables every capability leans on.
-- Runs as the owner. The application connects as sidedesk_app, which owns nothing and is bound by row-level security.

-- Roles -------------------------------------------------------------------------------------------------------------

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sidedesk_app') THEN
    CREATE ROLE sidedesk_app LOGIN NOINHERIT;
  END IF;
  -- Owns the few functions that look across tenants; nobody logs in as it.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sidedesk_sweeper') THEN
    CREATE ROLE sidedesk_sweeper NOLOGIN NOINHERIT;
  END IF;
  EXECUTE format('GRANT sidedesk_sweeper TO %I', current_user);
END $$;

GRANT USAGE ON SCHEMA public TO sidedesk_app, sidedesk_sweeper;
CREATE SCHEMA IF NOT EXISTS sweep;
GRANT USAGE ON SCHEMA sweep TO sidedesk_app;
GRANT USAGE, CREATE ON SCHEMA sweep TO sidedesk_sweeper;

-- The tenant of this transaction ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog
AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;

-- Put a table under tenancy: row-level security, forced, one policy, and only the named privileges.
CREATE OR REPLACE PROCEDURE protect(relation regclass, privileges text DEFAULT 'SELECT, INSERT, UPDATE, DELETE', tenant_column text DEFAULT 'tenant_id')
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
  EXECUTE format('DROP POLICY IF EXISTS tenant_isolation ON %s', relation);
  EXECUTE format(
    'CREATE POLICY tenant_isolation ON %s TO sidedesk_app USING (%I = (SELECT current_tenant())) WITH CHECK (%I = (SELECT current_tenant()))',
    relation, tenant_column, tenant_column);
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', relation);
  EXECUTE format('GRANT %s ON %s TO sidedesk_app', privileges, relation);
END $$;
REVOKE ALL ON PROCEDURE protect(regclass, text, text) FROM PUBLIC;

-- Tenants, people, machines -----------------------------------------------------------------------------------------

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  slug text NOT NULL CONSTRAINT tenants_slug_unique UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  timezone text NOT NULL DEFAULT 'UTC',
  locale text NOT NULL DEFAULT 'en',
  audit_engine text NOT NULL DEFAULT 'n8n' CHECK (audit_engine IN ('n8n', 'native')),
  limits jsonb NOT NULL DEFAULT '{}',
  flags jsonb NOT NULL DEFAULT '{}',
  options jsonb NOT NULL DEFAULT '{}',
  month_cap_usd numeric(12, 4) NOT NULL DEFAULT 100 CHECK (month_cap_usd >= 0),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  suspended_at timestamptz
);
CALL protect('tenants', 'SELECT, INSERT, UPDATE', 'id');

CREATE TABLE members (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  user_id text,
  email text NOT NULL CHECK (email <> '' AND length(email) <= 320),
  name text NOT NULL DEFAULT '',
  role text NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'removed')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX members_email_unique ON members (tenant_id, lower(email));
CREATE UNIQUE INDEX members_user_unique ON members (tenant_id, user_id) WHERE user_id IS NOT NULL;
CALL protect('members');

CREATE TABLE service_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  digest text NOT NULL,
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX service_keys_tenant ON service_keys (tenant_id);
CALL protect('service_keys', 'SELECT, INSERT, UPDATE');
GRANT SELECT, UPDATE (last_used_at) ON service_keys TO sidedesk_sweeper;
CREATE POLICY sweep_keys ON service_keys TO sidedesk_sweeper USING (true);

-- Ranks of roles; the permission table itself lives in the code.
CREATE FUNCTION role_rank(role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
AS $$ SELECT array_position(ARRAY['viewer', 'member', 'admin', 'owner'], role) $$;

-- A person enters: the token says who, this checks that it still holds. Messages are "sentence | code".
CREATE FUNCTION enter_member(tenant uuid, actor text, role text, request text, timeout_ms text) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE known record;
BEGIN
  PERFORM set_config('app.tenant', tenant::text, true), set_config('app.actor', actor, true), set_config('app.role', role, true),
          set_config('app.request', request, true), set_config('statement_timeout', timeout_ms, true);
  SELECT m.role, m.status INTO known FROM members m WHERE m.tenant_id = tenant AND m.user_id = actor;
  IF FOUND AND known.status = 'removed' THEN
    RAISE EXCEPTION 'You are no longer a member of this organisation. | membership_ended' USING ERRCODE = 'SD403';
  ELSIF FOUND AND role_rank(known.role) < role_rank(role) THEN
    RAISE EXCEPTION 'Your role was changed. Sign in again to go on. | role_changed' USING ERRCODE = 'SD401';
  END IF;
  RETURN tenant;
END $$;

-- Our own workers enter one tenant.
CREATE FUNCTION enter_system(tenant uuid, actor text, request text, timeout_ms text) RETURNS uuid
LANGUAGE sql SET search_path = pg_catalog, public
AS $$
  SELECT set_config('app.tenant', tenant::text, true), set_config('app.actor', actor, true), set_config('app.role', 'system', true),
         set_config('app.request', request, true), set_config('statement_timeout', timeout_ms, true);
  SELECT tenant;
$$;

-- A machine enters with its key. Definer, because the key's tenant is unknown before; it returns that tenant's id and nothing else.
CREATE FUNCTION sweep.enter_service(key uuid, key_digest text, permission text, request text, timeout_ms text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE known record;
BEGIN
  SELECT k.tenant_id, k.scopes, k.last_used_at INTO known FROM service_keys k
   WHERE k.id = key AND k.digest = key_digest AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
  IF NOT FOUND THEN
    RAISE EXCEPTION 'This service key is unknown, expired or revoked. | invalid_key' USING ERRCODE = 'SD401';
  ELSIF NOT (permission = ANY (known.scopes)) THEN
    RAISE EXCEPTION 'This service key lacks the scope %. | missing_scope', permission USING ERRCODE = 'SD403';
  END IF;
  PERFORM set_config('app.tenant', known.tenant_id::text, true), set_config('app.actor', 'service:' || key, true),
          set_config('app.role', 'service', true), set_config('app.request', request, true),
          set_config('statement_timeout', timeout_ms, true);
  IF known.last_used_at IS NULL OR known.last_used_at < now() - interval '5 minutes' THEN
    -- For people who clean up old keys; never worth waiting for.
    UPDATE service_keys k SET last_used_at = now() WHERE k.id IN (SELECT s.id FROM service_keys s WHERE s.id = key FOR UPDATE SKIP LOCKED);
  END IF;
  RETURN known.tenant_id;
END $$;
ALTER FUNCTION sweep.enter_service OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.enter_service FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.enter_service TO sidedesk_app;

CREATE TABLE integrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  kind text NOT NULL CHECK (kind IN ('chatwoot', 'intercom', 'n8n', 'openai')),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  base_url text NOT NULL,
  config jsonb NOT NULL DEFAULT '{}',
  -- Credentials live in Secrets Manager; a row knows only the name.
  secret_name text,
  last_test jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT integrations_name_unique UNIQUE (tenant_id, kind, name)
);
CALL protect('integrations');

-- Tables that many writers fill at once do not reference tenants: every insert would lock that one row (KEY SHARE), and
-- their policy already refuses any other tenant.

-- Doing things once ---------------------------------------------------------------------------------------------------

CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL,
  actor text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint text NOT NULL,
  leased_until timestamptz NOT NULL,
  response jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, actor, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CALL protect('idempotency_keys');
GRANT SELECT, DELETE ON idempotency_keys TO sidedesk_sweeper;
CREATE POLICY sweep_old ON idempotency_keys TO sidedesk_sweeper USING (true);

-- Effects outside the database, written with their cause. Not partitioned: sent rows are deleted after some days.
CREATE TABLE outbox (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  destination text NOT NULL,
  payload jsonb NOT NULL,
  due_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  failed_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_tenant ON outbox (tenant_id);
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
CALL protect('outbox');
GRANT SELECT, DELETE ON outbox TO sidedesk_sweeper;
CREATE POLICY sweep_due ON outbox TO sidedesk_sweeper USING (true);

-- Deliveries from outside, claimed by their natural id before they act. Not partitioned: old rows are deleted.
CREATE TABLE inbox (
  tenant_id uuid NOT NULL,
  source text NOT NULL,
  natural_id text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, source, natural_id)
);
CREATE INDEX inbox_age ON inbox (received_at);
CALL protect('inbox');
GRANT SELECT, DELETE ON inbox TO sidedesk_sweeper;
CREATE POLICY sweep_old ON inbox TO sidedesk_sweeper USING (true);

-- Messages that queues gave up on, so that a dead message is a visible failure. Not partitioned: a handful a year, or an incident.
CREATE TABLE dead_letters (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  queue text NOT NULL,
  message_id text NOT NULL,
  payload jsonb NOT NULL,
  reason text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  redriven_at timestamptz,
  redriven_by text,
  CONSTRAINT dead_letters_message_unique UNIQUE (tenant_id, queue, message_id)
);
CALL protect('dead_letters', 'SELECT, INSERT, UPDATE');

-- A window per tenant, actor and purpose. Unlogged: after a crash everybody starts with a fresh window.
CREATE UNLOGGED TABLE rate_limits (
  tenant_id uuid NOT NULL,
  bucket text NOT NULL,
  window_start timestamptz NOT NULL,
  used integer NOT NULL,
  PRIMARY KEY (tenant_id, bucket)
) WITH (fillfactor = 70);
CALL protect('rate_limits');

-- What happened ------------------------------------------------------------------------------------------------------

CREATE TABLE audit_events (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  event text NOT NULL,
  user_id text NOT NULL,
  "timestamp" timestamptz NOT NULL DEFAULT now(),
  metadata jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (id, "timestamp")
) PARTITION BY RANGE ("timestamp");
CREATE INDEX audit_events_tenant ON audit_events (tenant_id, "timestamp" DESC);
CALL protect('audit_events', 'SELECT, INSERT');

CREATE TABLE notifications (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  recipient text NOT NULL, -- e-mail, lower case: the one name that tokens, members and employees share
  kind text NOT NULL,
  title text NOT NULL,
  body text NOT NULL DEFAULT '',
  link text NOT NULL DEFAULT '',
  dedupe_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  read_at timestamptz,
  CONSTRAINT notifications_once UNIQUE (tenant_id, recipient, dedupe_key)
);
CREATE INDEX notifications_inbox ON notifications (tenant_id, recipient, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (tenant_id, recipient) WHERE read_at IS NULL;
CALL protect('notifications');

-- Durable counters behind /metrics. A counter has several rows (shards), so that writers do not queue behind one.
CREATE TABLE metric_series (
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  labels jsonb NOT NULL DEFAULT '{}',
  shard smallint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('counter', 'histogram')),
  value double precision NOT NULL DEFAULT 0,
  observations bigint NOT NULL DEFAULT 0,
  buckets bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, name, labels, shard)
) WITH (fillfactor = 70);
CALL protect('metric_series');
GRANT SELECT ON metric_series TO sidedesk_sweeper;
CREATE POLICY sweep_read ON metric_series FOR SELECT TO sidedesk_sweeper USING (true);

CREATE TABLE uploads (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  purpose text NOT NULL,
  filename text NOT NULL,
  content_type text NOT NULL,
  size bigint NOT NULL CHECK (size > 0),
  storage_key text NOT NULL,
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'complete', 'refused', 'used')),
  refusal text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX uploads_tenant ON uploads (tenant_id, created_at DESC);
CALL protect('uploads');

-- Growth --------------------------------------------------------------------------------------------------------------

-- Monthly partitions for this month and the next few; a default partition catches what nobody foresaw.
CREATE PROCEDURE prepare_month_partitions(parent regclass, months_ahead integer DEFAULT 3)
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE first date := date_trunc('month', now() AT TIME ZONE 'UTC'); child text; step integer;
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I PARTITION OF %s DEFAULT', parent::text || '_rest', parent);
  FOR step IN 0..months_ahead LOOP
    child := parent::text || to_char(first + make_interval(months => step), '"_"YYYY"_"MM');
    IF to_regclass('public.' || child) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', child, parent,
        (first + make_interval(months => step))::timestamp AT TIME ZONE 'UTC', (first + make_interval(months => step + 1))::timestamp AT TIME ZONE 'UTC');
    END IF;
  END LOOP;
END $$;
REVOKE ALL ON PROCEDURE prepare_month_partitions(regclass, integer) FROM PUBLIC;
CALL prepare_month_partitions('audit_events');

-- The housekeeping worker may ask for partitions without owning tables; returns how many parents were looked at.
CREATE FUNCTION sweep.prepare_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE parent record; seen integer := 0;
BEGIN
  FOR parent IN SELECT c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'p' AND n.nspname = 'public' LOOP
    CALL prepare_month_partitions(parent.name);
    seen := seen + 1;
  END LOOP;
  RETURN seen;
END $$;
REVOKE ALL ON FUNCTION sweep.prepare_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.prepare_partitions() TO sidedesk_app;

-- Looking across tenants: ids only ------------------------------------------------------------------------------------

-- Outbox rows whose time has come and that nobody holds.
CREATE FUNCTION sweep.due_outbox(at_most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT o.tenant_id, o.id FROM outbox o
   WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND o.due_at <= now() AND (o.leased_until IS NULL OR o.leased_until < now())
   ORDER BY o.due_at LIMIT at_most
$$;
ALTER FUNCTION sweep.due_outbox OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.due_outbox FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.due_outbox TO sidedesk_app;

-- Forget what only served to do things once; returns how many rows went.
CREATE FUNCTION sweep.drop_old_keys() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  WITH k AS (DELETE FROM idempotency_keys WHERE created_at < now() - interval '2 days' RETURNING 1),
       i AS (DELETE FROM inbox WHERE received_at < now() - interval '30 days' RETURNING 1),
       o AS (DELETE FROM outbox WHERE sent_at < now() - interval '7 days' RETURNING 1)
  SELECT (SELECT count(*) FROM k) + (SELECT count(*) FROM i) + (SELECT count(*) FROM o)
$$;
ALTER FUNCTION sweep.drop_old_keys OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.drop_old_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.drop_old_keys TO sidedesk_app;

-- Tenants for schedules that visit each of them in turn.
GRANT SELECT (id, suspended_at) ON tenants TO sidedesk_sweeper;
CREATE POLICY sweep_ids ON tenants FOR SELECT TO sidedesk_sweeper USING (true);
CREATE FUNCTION sweep.tenant_ids() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT t.id FROM tenants t WHERE t.suspended_at IS NULL $$;
ALTER FUNCTION sweep.tenant_ids OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenant_ids FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenant_ids TO sidedesk_app;
