-- People look at audits: they contest, decide and mark for themselves. What the AI said stays beside what people decided.

ALTER TABLE audit_assignments
  ADD COLUMN ai_score numeric(5, 2),
  ADD COLUMN ai_verdict text;
ALTER TABLE audit_documents ADD COLUMN overrides jsonb NOT NULL DEFAULT '{}';
CREATE INDEX audit_assignments_newest ON audit_assignments (tenant_id, created_at DESC, id DESC);

CREATE TABLE audit_disputes (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  assignment_id uuid NOT NULL REFERENCES audit_assignments,
  opened_by text NOT NULL,
  criteria text[] NOT NULL DEFAULT '{}',
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 4000),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'rejected')),
  resolution text NOT NULL DEFAULT '',
  changes jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  resolved_by text
);
CREATE UNIQUE INDEX audit_disputes_one_open ON audit_disputes (assignment_id) WHERE status = 'open';
CREATE INDEX audit_disputes_assignment ON audit_disputes (assignment_id);
CREATE INDEX audit_disputes_open ON audit_disputes (tenant_id, created_at DESC, id DESC);
CALL protect('audit_disputes', 'SELECT, INSERT, UPDATE');

-- A reviewer's own marks on the same audit, made to be compared with the AI's. Not partitioned: people make them by hand.
CREATE TABLE audit_reviews (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  assignment_id uuid NOT NULL REFERENCES audit_assignments,
  reviewer text NOT NULL,
  marks jsonb NOT NULL,
  note text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT audit_reviews_once UNIQUE (assignment_id, reviewer)
);
CREATE INDEX audit_reviews_newest ON audit_reviews (tenant_id, created_at DESC);
CALL protect('audit_reviews', 'SELECT, INSERT, UPDATE');

-- An agent whose message came to nothing gets a new turn; the watchdog still counts from its first one.
ALTER TABLE massive_ai_audit_progress ADD COLUMN first_slot_at timestamptz, ADD COLUMN nudged_at timestamptz;
