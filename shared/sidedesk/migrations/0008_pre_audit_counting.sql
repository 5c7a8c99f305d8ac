-- Progress is counted from an index alone. The policy asks every row for its tenant, so the index must carry it.
CREATE INDEX IF NOT EXISTS audit_assignments_counted
  ON audit_assignments (massive_audit_job_id, intercom_admin_id) INCLUDE (outcome, tenant_id);
DROP INDEX IF EXISTS audit_assignments_progress;
