-- Enrichment: runs over conversations, what a step leaves for the next, and batches of made-up conversations.

CREATE TABLE batch_jobs (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  topics text[] NOT NULL CHECK (cardinality(topics) BETWEEN 1 AND 100),
  style text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT '',
  auto_enrich boolean NOT NULL DEFAULT false,
  max_cost_usd numeric(12, 4) CHECK (max_cost_usd >= 0),
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed', 'failed')),
  enrich_run_id uuid, -- the latest run over all of it
  deadline_at timestamptz NOT NULL,
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT batch_jobs_finished_has_time CHECK ((status = 'running') = (finished_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX batch_jobs_newest ON batch_jobs (tenant_id, created_at DESC, id DESC);
CREATE INDEX batch_jobs_open ON batch_jobs (tenant_id) WHERE status = 'running';
CALL protect('batch_jobs', 'SELECT, INSERT, UPDATE');

CREATE TABLE batch_items (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  batch_job_id uuid NOT NULL REFERENCES batch_jobs,
  position integer NOT NULL CHECK (position >= 1),
  conversation_id uuid, -- of another capability's, and perhaps erased since
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'failed')),
  topic text NOT NULL,
  error text,
  attempts integer NOT NULL DEFAULT 0,
  leased_until timestamptz,
  settled_at timestamptz,
  CONSTRAINT batch_items_position_unique UNIQUE (batch_job_id, position),
  CONSTRAINT batch_items_completed_has_conversation CHECK (status <> 'completed' OR conversation_id IS NOT NULL),
  CONSTRAINT batch_items_failed_says_why CHECK (status <> 'failed' OR error IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX batch_items_tenant ON batch_items (tenant_id);
CALL protect('batch_items', 'SELECT, INSERT, UPDATE');

CREATE TABLE enrichment_runs (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  batch_job_id uuid REFERENCES batch_jobs,
  sequential boolean NOT NULL DEFAULT true,
  status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'completed')),
  -- Each start of the workflow has a number: an execution that is not the newest one stops.
  execution_no integer NOT NULL DEFAULT 1,
  executions_left integer NOT NULL DEFAULT 5,
  started_at timestamptz, -- the newest execution
  deadline_at timestamptz NOT NULL,
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  CONSTRAINT enrichment_runs_finished_has_time CHECK ((status = 'running') = (finished_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX enrichment_runs_newest ON enrichment_runs (tenant_id, created_at DESC, id DESC);
CREATE INDEX enrichment_runs_open ON enrichment_runs (tenant_id) WHERE status = 'running';
CREATE INDEX enrichment_runs_batch ON enrichment_runs (batch_job_id) WHERE batch_job_id IS NOT NULL;
CALL protect('enrichment_runs', 'SELECT, INSERT, UPDATE');

-- One row for each id that was asked for, in the order of the asking; the summary is counted from them.
CREATE TABLE enrichment_run_items (
  run_id uuid NOT NULL REFERENCES enrichment_runs,
  position integer NOT NULL CHECK (position >= 1),
  tenant_id uuid NOT NULL REFERENCES tenants,
  conversation_id uuid NOT NULL, -- of another capability's, and perhaps erased since
  repeated boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'enriched', 'failed', 'skipped')),
  attempts integer NOT NULL DEFAULT 0, -- how often it was handed to a worker
  enrichment_status text,
  error_category text CHECK (error_category IN ('invalid_raw', 'llm_refused', 'llm_unavailable', 'storage', 'timeout')),
  error_message text,
  settled_at timestamptz,
  PRIMARY KEY (run_id, position),
  CONSTRAINT enrichment_run_items_failed_says_why CHECK (status <> 'failed' OR (error_category IS NOT NULL AND error_message IS NOT NULL)),
  CONSTRAINT enrichment_run_items_settled_has_time CHECK ((status = 'pending') = (settled_at IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX enrichment_run_items_once ON enrichment_run_items (run_id, conversation_id) WHERE NOT repeated;
CREATE INDEX enrichment_run_items_tenant ON enrichment_run_items (tenant_id);
CALL protect('enrichment_run_items', 'SELECT, INSERT, UPDATE');

-- What validation found in the raw document of this digest.
CREATE TABLE enrichment_reports (
  conversation_id uuid PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
  tenant_id uuid NOT NULL REFERENCES tenants,
  raw_digest text NOT NULL,
  findings jsonb NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX enrichment_reports_tenant ON enrichment_reports (tenant_id);
CALL protect('enrichment_reports', 'SELECT, INSERT, UPDATE, DELETE');

-- What a model said of one window, paid for and kept until the document is whole. Without personal data, as the model saw none.
CREATE TABLE enrichment_windows (
  conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
  number integer NOT NULL CHECK (number >= 1),
  tenant_id uuid NOT NULL REFERENCES tenants,
  raw_digest text NOT NULL,
  of_windows integer NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (conversation_id, number)
);
CREATE INDEX enrichment_windows_tenant ON enrichment_windows (tenant_id);
CALL protect('enrichment_windows', 'SELECT, INSERT, UPDATE, DELETE');

GRANT SELECT (tenant_id, status) ON enrichment_runs TO sidedesk_sweeper;
GRANT SELECT (tenant_id, status, auto_enrich, enrich_run_id) ON batch_jobs TO sidedesk_sweeper;
CREATE POLICY sweep_open ON enrichment_runs FOR SELECT TO sidedesk_sweeper USING (status = 'running');
CREATE POLICY sweep_open ON batch_jobs FOR SELECT TO sidedesk_sweeper USING (status = 'running' OR enrich_run_id IS NULL);

-- Tenants whose runs or batches the watchdog must look at.
CREATE FUNCTION sweep.tenants_with_open_enrichment() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT tenant_id FROM enrichment_runs WHERE status = 'running' UNION SELECT tenant_id FROM batch_jobs WHERE status = 'running' OR (auto_enrich AND status = 'completed' AND enrich_run_id IS NULL) $$;
ALTER FUNCTION sweep.tenants_with_open_enrichment OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenants_with_open_enrichment FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenants_with_open_enrichment TO sidedesk_app;
