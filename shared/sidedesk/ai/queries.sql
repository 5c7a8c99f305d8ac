-- name: profile
-- The tenant's choices and its connected model providers.
SELECT coalesce(t.options -> 'models', '{}') AS models, coalesce(t.options -> 'prices', '{}') AS prices,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', i.id, 'name', i.name, 'base_url', i.base_url, 'config', i.config,
                                                     'secret_name', i.secret_name) ORDER BY i.created_at, i.id)
                   FROM integrations i WHERE i.tenant_id = t.id AND i.kind = 'openai'), '[]') AS providers
  FROM tenants t WHERE t.id = current_tenant();

-- name: reserve
SELECT verdict, wait_seconds, cap, taken
  FROM ai_reserve(%(id)s, %(amount)s, %(job_id)s, %(purpose)s, %(provider)s, %(model)s, %(unit)s, %(most_in)s, %(most_out)s,
                  %(prompt_version)s, %(prompt_hash)s, %(lease)s);

-- name: settle
SELECT ai_settle(%(id)s, %(basis)s, %(used_in)s, %(used_out)s, %(cost)s, %(provider_request)s);

-- name: note_failure
-- Failures in a row open the breaker; each further one doubles the pause. Old failures are forgotten while it is closed.
INSERT INTO ai_breakers AS b (tenant_id, provider, failures, open_until)
VALUES (current_tenant(), %(provider)s, 1, NULL)
ON CONFLICT (tenant_id, provider) DO UPDATE SET
  failures = CASE WHEN b.open_until IS NULL AND b.last_failure_at < now() - make_interval(secs => %(memory)s) THEN 1 ELSE b.failures + 1 END,
  open_until = CASE WHEN b.open_until IS NULL AND (b.last_failure_at < now() - make_interval(secs => %(memory)s) OR b.failures + 1 < %(threshold)s) THEN NULL
                    ELSE now() + make_interval(secs => least(%(longest)s, %(pause)s * 2 ^ least(10, b.failures + 1 - %(threshold)s))) END,
  last_failure_at = now();

-- name: note_success
DELETE FROM ai_breakers WHERE tenant_id = current_tenant() AND provider = %(provider)s;

-- name: set_job_cap
INSERT INTO ai_budgets (tenant_id, subject, cap_usd) VALUES (current_tenant(), 'job:' || %(job_id)s::uuid, %(cap)s)
ON CONFLICT (tenant_id, subject) DO UPDATE SET cap_usd = excluded.cap_usd;

-- name: job_budget
SELECT cap_usd, settled_usd, reserved_usd FROM ai_budgets
 WHERE tenant_id = current_tenant() AND subject = 'job:' || %(job_id)s::uuid;

-- name: month_budget
SELECT t.month_cap_usd AS cap_usd, coalesce(b.settled_usd, 0) AS settled_usd, coalesce(b.reserved_usd, 0) AS reserved_usd
  FROM tenants t LEFT JOIN ai_budgets b ON b.tenant_id = t.id AND b.subject = 'month:' || to_char(now() AT TIME ZONE t.timezone, 'YYYY-MM')
 WHERE t.id = current_tenant();

-- name: expired
SELECT tenant_id, id FROM sweep.expired_ai_reservations(%(limit)s);

-- name: export_usage
SELECT id, at, purpose, provider, model, unit, quantity_in, quantity_out, cost_usd, basis, job_id, prompt_version, prompt_hash
  FROM ai_usage WHERE tenant_id = current_tenant() ORDER BY at, id;
