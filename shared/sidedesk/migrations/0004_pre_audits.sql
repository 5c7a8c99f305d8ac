-- Massive AI audits: whom, by which scorecard, one job per press of Run, one row per agent, one row per conversation.

CREATE TABLE employees (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 300),
  email text NOT NULL DEFAULT '',
  team text NOT NULL DEFAULT '',
  intercom_admin_id text CHECK (intercom_admin_id <> ''),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT employees_intercom_unique UNIQUE (tenant_id, intercom_admin_id)
);
CREATE INDEX employees_name ON employees (tenant_id, name, id);
CREATE INDEX employees_email ON employees (tenant_id, lower(email)) WHERE email <> '';
CALL protect('employees');

CREATE TABLE scorecards (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  archived_at timestamptz,
  CONSTRAINT scorecards_name_unique UNIQUE (tenant_id, name)
);
CALL protect('scorecards', 'SELECT, INSERT, UPDATE');

-- A version never changes: an audit keeps the one it was judged by.
CREATE TABLE scorecard_versions (
  scorecard_id uuid NOT NULL REFERENCES scorecards,
  version integer NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenants,
  criteria jsonb NOT NULL,
  pass_threshold numeric(5, 2) NOT NULL CHECK (pass_threshold BETWEEN 0 AND 100),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scorecard_id, version)
);
CREATE INDEX scorecard_versions_tenant ON scorecard_versions (tenant_id);
CALL protect('scorecard_versions', 'SELECT, INSERT');

CREATE TABLE massive_ai_audit_jobs (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  scorecard_id uuid NOT NULL,
  scorecard_version integer NOT NULL,
  start_date date NOT NULL,
  end_date date NOT NULL CHECK (end_date >= start_date),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  total_agents integer NOT NULL CHECK (total_agents > 0),
  -- The next three are written when the job closes; while it runs, figures are counted from rows.
  total_conversations integer,
  completed_agents integer NOT NULL DEFAULT 0,
  completed_conversations integer NOT NULL DEFAULT 0,
  payload_snapshot jsonb NOT NULL,
  error_message text,
  completed_at timestamptz,
  engine text NOT NULL CHECK (engine IN ('n8n', 'native')),
  destination text NOT NULL DEFAULT '',
  timezone text NOT NULL,
  range_start timestamptz NOT NULL,
  range_end timestamptz NOT NULL,
  attribution text NOT NULL DEFAULT 'assignee',
  notify_me_when_done boolean NOT NULL DEFAULT false,
  notify_results_to_audited_people boolean NOT NULL DEFAULT false,
  max_cost_usd numeric(12, 4),
  run_no integer NOT NULL DEFAULT 1,
  outcome text,
  paused_reason text,
  paused_at timestamptz,
  fingerprint text NOT NULL,
  reported jsonb NOT NULL DEFAULT '{}',
  FOREIGN KEY (scorecard_id, scorecard_version) REFERENCES scorecard_versions (scorecard_id, version)
) WITH (fillfactor = 80);
CREATE INDEX massive_ai_audit_jobs_newest ON massive_ai_audit_jobs (tenant_id, created_at DESC, id DESC);
CREATE INDEX massive_ai_audit_jobs_scorecard ON massive_ai_audit_jobs (scorecard_id, scorecard_version);
CREATE INDEX massive_ai_audit_jobs_open ON massive_ai_audit_jobs (tenant_id) WHERE status IN ('queued', 'running');
CALL protect('massive_ai_audit_jobs', 'SELECT, INSERT, UPDATE');
GRANT SELECT (tenant_id, status) ON massive_ai_audit_jobs TO sidedesk_sweeper;
CREATE POLICY sweep_open ON massive_ai_audit_jobs FOR SELECT TO sidedesk_sweeper USING (status IN ('queued', 'running'));

CREATE TABLE massive_ai_audit_progress (
  job_id uuid NOT NULL REFERENCES massive_ai_audit_jobs,
  intercom_admin_id text NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenants,
  employee_id uuid,
  employee_email text NOT NULL DEFAULT '',
  employee_name text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  total_conversations integer CHECK (total_conversations >= 0),
  slot_at timestamptz NOT NULL,
  dispatch_id uuid,
  dispatched_at timestamptz,
  accepted_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  n8n_execution_id text,
  last_seen_at timestamptz,
  error_message text,
  completed_at timestamptz,
  run_no integer NOT NULL DEFAULT 1,
  PRIMARY KEY (job_id, intercom_admin_id)
) WITH (fillfactor = 70);
CREATE INDEX massive_ai_audit_progress_tenant ON massive_ai_audit_progress (tenant_id);
CREATE INDEX massive_ai_audit_progress_execution ON massive_ai_audit_progress (tenant_id, n8n_execution_id) WHERE n8n_execution_id IS NOT NULL;
CALL protect('massive_ai_audit_progress', 'SELECT, INSERT, UPDATE');

CREATE TABLE massive_ai_audit_errors (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  job_id uuid NOT NULL REFERENCES massive_ai_audit_jobs,
  intercom_admin_id text NOT NULL DEFAULT '',
  conversation_id text NOT NULL DEFAULT '',
  run_no integer NOT NULL DEFAULT 1,
  error_message text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT massive_ai_audit_errors_once UNIQUE (job_id, intercom_admin_id, conversation_id, run_no)
);
CREATE INDEX massive_ai_audit_errors_tenant ON massive_ai_audit_errors (tenant_id);
CALL protect('massive_ai_audit_errors', 'SELECT, INSERT, UPDATE');

-- One row per audited conversation of a job: the ledger all figures are counted from. It does not reference its job:
-- a reference would make all callbacks of a job lock that one row. The insert joins the job instead.
CREATE TABLE audit_assignments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  massive_audit_job_id uuid,
  conversation_id text NOT NULL CHECK (conversation_id <> ''),
  intercom_admin_id text NOT NULL DEFAULT '',
  employee_email text NOT NULL DEFAULT '',
  employee_name text NOT NULL DEFAULT '',
  scorecard_id uuid NOT NULL,
  scorecard_version integer NOT NULL,
  audit_date timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('completed', 'failed', 'skipped')),
  score numeric(5, 2) CHECK (score BETWEEN 0 AND 100),
  verdict text CHECK (verdict IN ('passed', 'failed', 'held')),
  held_reason text,
  ai_confidence_score numeric(4, 3) CHECK (ai_confidence_score BETWEEN 0 AND 1),
  ai_notes text NOT NULL DEFAULT '',
  skipped_reason text,
  error_message text,
  created_by text NOT NULL DEFAULT '',
  revision integer NOT NULL DEFAULT 0,
  run_no integer NOT NULL DEFAULT 1,
  late boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT audit_assignments_once UNIQUE (massive_audit_job_id, conversation_id)
);
CREATE INDEX audit_assignments_progress ON audit_assignments (massive_audit_job_id, intercom_admin_id) INCLUDE (outcome);
CREATE INDEX audit_assignments_person ON audit_assignments (tenant_id, lower(employee_email), created_at DESC);
CALL protect('audit_assignments', 'SELECT, INSERT, UPDATE');

-- The audit itself, apart from the ledger so that counting stays small.
CREATE TABLE audit_documents (
  assignment_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  ai_scorecard_data jsonb NOT NULL DEFAULT '{}',
  evidence jsonb NOT NULL DEFAULT '{}',
  transcript jsonb,
  provenance jsonb NOT NULL DEFAULT '{}',
  meta jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_documents_tenant ON audit_documents (tenant_id);
CALL protect('audit_documents', 'SELECT, INSERT, UPDATE, DELETE');

-- One row per destination: when the next call may leave. Shared by all jobs, so that two of them keep one pace.
CREATE TABLE audit_pacing (
  tenant_id uuid NOT NULL REFERENCES tenants,
  destination text NOT NULL,
  next_slot timestamptz NOT NULL,
  last_call timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY (tenant_id, destination)
) WITH (fillfactor = 50);
CALL protect('audit_pacing', 'SELECT, INSERT, UPDATE');

-- Tenants whose jobs the watchdog must look at.
CREATE FUNCTION sweep.tenants_with_open_jobs() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT DISTINCT j.tenant_id FROM massive_ai_audit_jobs j WHERE j.status IN ('queued', 'running') $$;
ALTER FUNCTION sweep.tenants_with_open_jobs OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenants_with_open_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenants_with_open_jobs TO sidedesk_app;
