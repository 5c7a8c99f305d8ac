-- The native engine's work: which conversations of an agent are to be judged. What became of one is its row in
-- audit_assignments; here is only who works on it now and how often it was tried.

CREATE TABLE audit_native_items (
  job_id uuid NOT NULL REFERENCES massive_ai_audit_jobs,
  intercom_admin_id text NOT NULL,
  conversation_id text NOT NULL CHECK (conversation_id <> ''),
  tenant_id uuid NOT NULL REFERENCES tenants,
  run_no integer NOT NULL DEFAULT 1,
  attempts integer NOT NULL DEFAULT 0,
  leased_until timestamptz, -- somebody works on it, or it waits, until then
  last_error text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (job_id, intercom_admin_id, conversation_id)
) WITH (fillfactor = 70);
CREATE INDEX audit_native_items_tenant ON audit_native_items (tenant_id);
CALL protect('audit_native_items', 'SELECT, INSERT, UPDATE, DELETE');
