-- Administration: entering by e-mail, dead letters that can go back, orphaned messages, data exports, a fair outbox.

-- A person enters. An invited member is known by e-mail only until the first visit binds the account to the row; without
-- this, removing somebody who never came would not stop a token that is still alive.
CREATE FUNCTION enter_member(tenant uuid, actor text, address text, role text, request text, timeout_ms text) RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE known record;
BEGIN
  PERFORM set_config('app.tenant', tenant::text, true), set_config('app.actor', actor, true), set_config('app.role', role, true),
          set_config('app.request', request, true), set_config('statement_timeout', timeout_ms, true);
  SELECT m.id, m.role, m.status, m.user_id INTO known FROM members m WHERE m.tenant_id = tenant AND m.user_id = actor;
  IF NOT FOUND AND address <> '' THEN
    SELECT m.id, m.role, m.status, m.user_id INTO known FROM members m
     WHERE m.tenant_id = tenant AND lower(m.email) = lower(address) AND m.user_id IS NULL;
  END IF;
  IF known.id IS NULL THEN
    RETURN tenant;
  ELSIF known.status = 'removed' THEN
    RAISE EXCEPTION 'You are no longer a member of this organisation. | membership_ended' USING ERRCODE = 'SD403';
  ELSIF role_rank(known.role) < role_rank(role) THEN
    RAISE EXCEPTION 'Your role was changed. Sign in again to go on. | role_changed' USING ERRCODE = 'SD401';
  ELSIF known.user_id IS NULL THEN
    UPDATE members m SET user_id = actor, status = 'active', updated_at = now() WHERE m.id = known.id AND m.user_id IS NULL;
  END IF;
  RETURN tenant;
END $$;

-- Members page by address.
CREATE INDEX members_page ON members (tenant_id, lower(email), id);
CREATE INDEX service_keys_page ON service_keys (tenant_id, created_at DESC, id DESC);
CREATE INDEX dead_letters_page ON dead_letters (tenant_id, received_at DESC, id DESC);

-- Where a dead letter goes when somebody sends it again: a queue, or mail.
ALTER TABLE dead_letters ADD COLUMN destination text;

-- Messages that queues gave up on and that belong to no tenant we know. The application may put them here and not look:
-- whose they are is unknown, so nobody's session may read them. Not partitioned: nobody but an intruder or a bug fills it.
CREATE TABLE orphan_letters (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  queue text NOT NULL,
  message_id text NOT NULL CONSTRAINT orphan_letters_message_unique UNIQUE,
  body text NOT NULL CHECK (length(body) <= 10000),
  reason text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
REVOKE ALL ON orphan_letters FROM PUBLIC;
GRANT INSERT ON orphan_letters TO sidedesk_app;

-- Everything of one tenant, asked for by its owner.
CREATE TABLE data_exports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  storage_key text NOT NULL,
  row_count bigint,
  size bigint,
  error text,
  requested_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX data_exports_page ON data_exports (tenant_id, created_at DESC, id DESC);
CALL protect('data_exports');

-- The outbox is served tenant by tenant, so that one with a hundred thousand rows waiting does not hold up the others.
CREATE INDEX outbox_waiting ON outbox (tenant_id, due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
DROP FUNCTION sweep.due_outbox(integer);
CREATE FUNCTION sweep.tenants_with_outbox() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT t.id FROM tenants t
   WHERE EXISTS (SELECT FROM outbox o WHERE o.tenant_id = t.id AND o.sent_at IS NULL AND o.failed_at IS NULL
                    AND o.due_at <= now() AND (o.leased_until IS NULL OR o.leased_until < now()))
$$;
ALTER FUNCTION sweep.tenants_with_outbox OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenants_with_outbox FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenants_with_outbox TO sidedesk_app;

-- Figures are read under each tenant's own scope; the sweeper needs no sight of them.
DROP POLICY sweep_read ON metric_series;
REVOKE SELECT ON metric_series FROM sidedesk_sweeper;
