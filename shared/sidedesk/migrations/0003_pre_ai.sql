-- Money for models: what was used, what is reserved, what may be spent, and which provider is down.
-- settled + reserved <= cap holds at every moment: a call reserves its worst case under a row lock before it leaves.

-- What was used ---------------------------------------------------------------------------------------------------------

CREATE TABLE ai_usage (
  id uuid NOT NULL, -- that of its reservation
  tenant_id uuid NOT NULL REFERENCES tenants,
  at timestamptz NOT NULL DEFAULT now(),
  purpose text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  unit text NOT NULL CHECK (unit IN ('tokens', 'seconds')),
  quantity_in numeric(14, 3) NOT NULL CHECK (quantity_in >= 0),
  quantity_out numeric(14, 3) NOT NULL CHECK (quantity_out >= 0),
  quantity numeric(14, 3) GENERATED ALWAYS AS (quantity_in + quantity_out) STORED,
  cost_usd numeric(16, 10) NOT NULL CHECK (cost_usd >= 0),
  job_id uuid, -- of any capability, so no foreign key
  request_id text NOT NULL,
  provider_request_id text,
  prompt_version text,
  prompt_hash text,
  -- measured: the provider said so; counted: we counted the text; assumed: nobody knows, the whole reservation is taken as spent
  basis text NOT NULL CHECK (basis IN ('measured', 'counted', 'assumed')),
  estimated boolean GENERATED ALWAYS AS (basis <> 'measured') STORED,
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX ai_usage_tenant ON ai_usage (tenant_id, at DESC);
CREATE INDEX ai_usage_job ON ai_usage (tenant_id, job_id) WHERE job_id IS NOT NULL;
CALL protect('ai_usage', 'SELECT, INSERT');
CALL prepare_month_partitions('ai_usage');

-- What is reserved --------------------------------------------------------------------------------------------------------

-- One row per call under way; it leaves when the call is settled, so the table stays as small as what runs now.
CREATE TABLE ai_reservations (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  amount_usd numeric(16, 10) NOT NULL CHECK (amount_usd >= 0),
  month text NOT NULL,
  job_id uuid,
  purpose text NOT NULL,
  provider text NOT NULL,
  model text NOT NULL,
  unit text NOT NULL CHECK (unit IN ('tokens', 'seconds')),
  quantity_in numeric(14, 3) NOT NULL,
  quantity_out numeric(14, 3) NOT NULL,
  prompt_version text,
  prompt_hash text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX ai_reservations_tenant ON ai_reservations (tenant_id);
CREATE INDEX ai_reservations_expiry ON ai_reservations (expires_at);
CALL protect('ai_reservations', 'SELECT, INSERT, DELETE');
GRANT SELECT ON ai_reservations TO sidedesk_sweeper;
CREATE POLICY sweep_expired ON ai_reservations FOR SELECT TO sidedesk_sweeper USING (true);

-- One row per month of the tenant ('month:2026-11') and per job ('job:<id>'). A month's cap is the tenant's own column.
CREATE TABLE ai_budgets (
  tenant_id uuid NOT NULL REFERENCES tenants,
  subject text NOT NULL CHECK (subject ~ '^(month:\d{4}-\d{2}|job:[0-9a-f-]{36})$'),
  cap_usd numeric(14, 4) CHECK (cap_usd >= 0),
  settled_usd numeric(16, 10) NOT NULL DEFAULT 0 CHECK (settled_usd >= 0),
  reserved_usd numeric(16, 10) NOT NULL DEFAULT 0 CONSTRAINT ai_budgets_reserved_positive CHECK (reserved_usd >= 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, subject)
) WITH (fillfactor = 50); -- two updates a call on few rows: room for them on the page
CALL protect('ai_budgets', 'SELECT, INSERT, UPDATE');

-- A provider that fails again and again is left alone for a while, by every container at once.
CREATE TABLE ai_breakers (
  tenant_id uuid NOT NULL REFERENCES tenants,
  provider text NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  last_failure_at timestamptz NOT NULL DEFAULT now(),
  open_until timestamptz,
  PRIMARY KEY (tenant_id, provider)
);
CALL protect('ai_breakers');

-- Moves: each is one statement of the gateway. Locks are always taken in the order breaker, job, month. --------------------

-- Reserve the worst case of one call, or say what stands in the way.
CREATE FUNCTION ai_reserve(
  reservation uuid, amount numeric, job uuid, for_purpose text, at_provider text, of_model text, in_unit text,
  most_in numeric, most_out numeric, with_prompt text, with_hash text, lease_seconds numeric,
  OUT verdict text, OUT wait_seconds integer, OUT cap numeric, OUT taken numeric
) LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE
  tenant record; breaker record; job_budget record; month_budget record;
  job_subject text := 'job:' || job; month_subject text; paused boolean;
BEGIN
  SELECT t.id, t.month_cap_usd, t.timezone INTO STRICT tenant FROM tenants t WHERE t.id = current_tenant();

  SELECT b.open_until INTO breaker FROM ai_breakers b WHERE b.tenant_id = tenant.id AND b.provider = at_provider;
  paused := breaker.open_until IS NOT NULL;
  IF paused AND breaker.open_until <= clock_timestamp() THEN
    -- The pause is over: one call may try, the others wait a little longer for what it finds.
    UPDATE ai_breakers b SET open_until = clock_timestamp() + make_interval(secs => least(lease_seconds, 30))
     WHERE b.tenant_id = tenant.id AND b.provider = at_provider AND b.open_until <= clock_timestamp();
    paused := NOT FOUND;
  END IF;
  IF paused THEN
    verdict := 'breaker_open';
    wait_seconds := greatest(1, ceil(extract(epoch FROM breaker.open_until - clock_timestamp())))::integer;
    RETURN;
  END IF;

  month_subject := 'month:' || to_char(clock_timestamp() AT TIME ZONE tenant.timezone, 'YYYY-MM');
  IF job IS NOT NULL THEN
    INSERT INTO ai_budgets (tenant_id, subject) SELECT tenant.id, job_subject
     WHERE NOT EXISTS (SELECT FROM ai_budgets b WHERE b.tenant_id = tenant.id AND b.subject = job_subject) ON CONFLICT DO NOTHING;
    SELECT b.cap_usd, b.settled_usd + b.reserved_usd AS taken INTO job_budget
      FROM ai_budgets b WHERE b.tenant_id = tenant.id AND b.subject = job_subject FOR UPDATE;
    IF job_budget.taken + amount > job_budget.cap_usd THEN
      verdict := 'job_cap'; cap := job_budget.cap_usd; taken := job_budget.taken;
      RETURN;
    END IF;
  END IF;
  INSERT INTO ai_budgets (tenant_id, subject) SELECT tenant.id, month_subject
   WHERE NOT EXISTS (SELECT FROM ai_budgets b WHERE b.tenant_id = tenant.id AND b.subject = month_subject) ON CONFLICT DO NOTHING;
  INSERT INTO ai_reservations (id, tenant_id, amount_usd, month, job_id, purpose, provider, model, unit, quantity_in, quantity_out,
                               prompt_version, prompt_hash, expires_at)
  VALUES (reservation, tenant.id, amount, month_subject, job, for_purpose, at_provider, of_model, in_unit, most_in, most_out,
          with_prompt, with_hash, clock_timestamp() + make_interval(secs => lease_seconds));
  -- The month's row is the one that all of a tenant's workers share: locked last, so held shortest.
  UPDATE ai_budgets b SET reserved_usd = b.reserved_usd + amount
   WHERE b.tenant_id = tenant.id AND b.subject = month_subject AND b.settled_usd + b.reserved_usd + amount <= tenant.month_cap_usd;
  IF NOT FOUND THEN
    DELETE FROM ai_reservations r WHERE r.id = reservation;
    SELECT b.settled_usd + b.reserved_usd INTO taken FROM ai_budgets b WHERE b.tenant_id = tenant.id AND b.subject = month_subject;
    verdict := 'month_cap'; cap := tenant.month_cap_usd;
    RETURN;
  END IF;
  IF job IS NOT NULL THEN
    -- Already locked above.
    UPDATE ai_budgets b SET reserved_usd = b.reserved_usd + amount WHERE b.tenant_id = tenant.id AND b.subject = job_subject;
  END IF;
  verdict := 'reserved';
END $$;

-- End a reservation: what was used moves from reserved to settled. NULL figures take the reservation itself as spent.
-- False when it had ended before, so nothing is ever counted twice.
CREATE FUNCTION ai_settle(
  reservation uuid, used_basis text, used_in numeric, used_out numeric, cost numeric, provider_request text
) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
DECLARE r record;
BEGIN
  DELETE FROM ai_reservations a WHERE a.id = reservation AND a.tenant_id = current_tenant() RETURNING a.* INTO r;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  cost := coalesce(cost, r.amount_usd);
  IF used_basis <> 'released' THEN
    INSERT INTO ai_usage (id, tenant_id, purpose, provider, model, unit, quantity_in, quantity_out, cost_usd, job_id, request_id,
                          provider_request_id, prompt_version, prompt_hash, basis)
    VALUES (r.id, r.tenant_id, r.purpose, r.provider, r.model, r.unit, coalesce(used_in, r.quantity_in), coalesce(used_out, r.quantity_out),
            cost, r.job_id, current_setting('app.request'), provider_request, r.prompt_version, r.prompt_hash, used_basis);
  ELSE
    cost := 0;
  END IF;
  IF r.job_id IS NOT NULL THEN
    UPDATE ai_budgets b SET reserved_usd = b.reserved_usd - r.amount_usd, settled_usd = b.settled_usd + cost
     WHERE b.tenant_id = r.tenant_id AND b.subject = 'job:' || r.job_id;
  END IF;
  UPDATE ai_budgets b SET reserved_usd = b.reserved_usd - r.amount_usd, settled_usd = b.settled_usd + cost
   WHERE b.tenant_id = r.tenant_id AND b.subject = r.month;
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION ai_reserve, ai_settle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ai_reserve, ai_settle TO sidedesk_app;

-- Calls whose worker died: ids only, each is then settled inside its own tenant.
CREATE FUNCTION sweep.expired_ai_reservations(at_most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT r.tenant_id, r.id FROM ai_reservations r WHERE r.expires_at <= now() ORDER BY r.expires_at LIMIT at_most
$$;
ALTER FUNCTION sweep.expired_ai_reservations OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.expired_ai_reservations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.expired_ai_reservations TO sidedesk_app;
