-- Every model call writes these two; like other hot tables they lock no shared row of their tenant (docs/decisions/0002).
-- Their policy refuses any tenant but one's own, so an orphan cannot be written.
ALTER TABLE ai_usage DROP CONSTRAINT IF EXISTS ai_usage_tenant_id_fkey;
ALTER TABLE ai_reservations DROP CONSTRAINT IF EXISTS ai_reservations_tenant_id_fkey;
