-- Replies to customers: what they wrote, what was drafted, what a person decided, what went out. Nothing goes out without
-- a decision: cx_replies cannot hold a row that no approved grading stands behind.

-- What the pipeline knows of a Chatwoot conversation; its other half is the row of the same id in conversations.
-- Webhooks write here and to cx_messages, so neither references a shared row.
CREATE TABLE cx_conversations (
  conversation_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  display_id bigint NOT NULL,
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved', 'pending', 'snoozed')),
  status_at timestamptz NOT NULL DEFAULT '-infinity',
  channel text NOT NULL DEFAULT 'live_chat' CHECK (channel IN ('email', 'live_chat', 'sms', 'other')),
  contact jsonb NOT NULL DEFAULT '{}',
  plan text NOT NULL DEFAULT '',
  -- Watermarks are message ids: they grow, whatever order deliveries arrive in.
  last_incoming_id bigint NOT NULL DEFAULT 0,
  last_incoming_at timestamptz,
  last_reply_id bigint NOT NULL DEFAULT 0,
  drafted_up_to bigint NOT NULL DEFAULT 0,
  waiting_since timestamptz,
  sla_due_at timestamptz,
  sla_alerted_at timestamptz,
  -- A wish for a draft, and who is at it. The row is its own outbox: a minute tick finds wishes whose message was lost.
  draft_due_at timestamptz,
  drafting_by uuid,
  drafting_until timestamptz,
  draft_attempts integer NOT NULL DEFAULT 0,
  draft_problem text,
  -- Set when a person asked for another draft.
  wish_instruction text NOT NULL DEFAULT '',
  wish_by text NOT NULL DEFAULT '',
  wish_instead_of uuid,
  -- Too many drafts in an hour: probably a machine at the other end.
  paused_until timestamptz,
  summary text,
  summary_up_to bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT cx_conversations_display_unique UNIQUE (tenant_id, integration_id, display_id)
) WITH (fillfactor = 70);
CREATE INDEX cx_conversations_wishes ON cx_conversations (tenant_id, draft_due_at) WHERE draft_due_at IS NOT NULL;
CREATE INDEX cx_conversations_waiting ON cx_conversations (tenant_id, sla_due_at) WHERE waiting_since IS NOT NULL AND status = 'open';
CALL protect('cx_conversations');

-- Every message seen, once. Not partitioned: its key is the message's own id, which carries no date.
CREATE TABLE cx_messages (
  tenant_id uuid NOT NULL,
  integration_id uuid NOT NULL,
  message_id bigint NOT NULL,
  conversation_id uuid NOT NULL,
  direction text NOT NULL CHECK (direction IN ('incoming', 'outgoing', 'note', 'activity')),
  author text NOT NULL DEFAULT '',
  content text NOT NULL,
  content_type text NOT NULL DEFAULT 'text',
  attachments integer NOT NULL DEFAULT 0,
  written_at timestamptz NOT NULL,
  -- Why a machine is thought to have written it; empty for people.
  machine text NOT NULL DEFAULT '',
  -- Set on what we placed there ourselves.
  post_id uuid,
  deleted boolean NOT NULL DEFAULT false,
  found_by text NOT NULL CHECK (found_by IN ('webhook', 'sweep', 'thread')),
  -- Did a webhook ever tell us? What none told was lost on the way.
  told boolean NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, integration_id, message_id)
);
CREATE INDEX cx_messages_thread ON cx_messages (tenant_id, conversation_id, message_id);
CREATE INDEX cx_messages_missed ON cx_messages (tenant_id, received_at DESC, message_id) WHERE direction = 'incoming' AND NOT told;
CREATE INDEX cx_messages_replies ON cx_messages (tenant_id, written_at) WHERE direction = 'outgoing';
CALL protect('cx_messages');

CREATE TABLE cx_experiments (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  hypothesis text NOT NULL DEFAULT '',
  -- [{"name": "a", "prompt_version": 1, "share": 0.5}, …]
  variants jsonb NOT NULL,
  started_by text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  stopped_by text,
  stopped_at timestamptz,
  winner text
);
CREATE UNIQUE INDEX cx_experiments_one_runs ON cx_experiments (tenant_id) WHERE stopped_at IS NULL;
CALL protect('cx_experiments', 'SELECT, INSERT, UPDATE');

CREATE TABLE cx_drafts (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  conversation_id uuid NOT NULL REFERENCES cx_conversations,
  number integer NOT NULL,
  kind text NOT NULL DEFAULT 'cx_reply' CHECK (kind = 'cx_reply'),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN
    ('pending', 'sending', 'sent', 'rejected', 'regenerated', 'superseded', 'answered_manually', 'closed')),
  closed_reason text NOT NULL DEFAULT '',
  -- The newest customer message the draft answers. A reply to an older one is never sent.
  last_message_id bigint NOT NULL,
  customer_message text NOT NULL,
  asked_at timestamptz NOT NULL,
  wanted_at timestamptz NOT NULL,
  reply text NOT NULL CHECK (reply <> ''),
  confidence numeric(3, 2) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  risk text NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
  risk_reasons jsonb NOT NULL DEFAULT '[]',
  tone jsonb NOT NULL DEFAULT '{}',
  evidence jsonb NOT NULL DEFAULT '[]',
  sources jsonb NOT NULL DEFAULT '[]',
  unknowns jsonb NOT NULL DEFAULT '[]',
  validation jsonb NOT NULL DEFAULT '[]',
  rollback text NOT NULL DEFAULT '',
  -- What must not go out without somebody saying so; names of checks in validation.
  flags text[] NOT NULL DEFAULT '{}',
  sentiment numeric(4, 3) NOT NULL DEFAULT 0,
  language text NOT NULL DEFAULT '',
  -- Where it stands in the queue: when it should be answered, brought forward by anger, plan and risk.
  rank_at timestamptz NOT NULL,
  instruction text NOT NULL DEFAULT '',
  requested_by text NOT NULL DEFAULT '',
  previous_id uuid,
  examples jsonb NOT NULL DEFAULT '[]',
  experiment_id uuid REFERENCES cx_experiments,
  variant text NOT NULL DEFAULT '',
  model text NOT NULL DEFAULT '',
  provider text NOT NULL DEFAULT '',
  prompt_version text NOT NULL DEFAULT '',
  prompt_hash text NOT NULL DEFAULT '',
  cost_usd numeric(12, 6) NOT NULL DEFAULT 0,
  cache_key text NOT NULL,
  from_cache boolean NOT NULL DEFAULT false,
  escalated_to text NOT NULL DEFAULT '',
  escalated_at timestamptz,
  send_problem text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  decided_at timestamptz,
  decided_by text NOT NULL DEFAULT '',
  sent_at timestamptz,
  CONSTRAINT cx_drafts_number_unique UNIQUE (conversation_id, number)
) WITH (fillfactor = 80);
-- A conversation has one draft that can still go out, or none.
CREATE UNIQUE INDEX cx_drafts_one_live ON cx_drafts (conversation_id) WHERE status IN ('pending', 'sending');
CREATE INDEX cx_drafts_queue ON cx_drafts (tenant_id, rank_at, id) WHERE status IN ('pending', 'sending');
CREATE INDEX cx_drafts_newest ON cx_drafts (tenant_id, created_at DESC, id DESC);
CREATE INDEX cx_drafts_cache ON cx_drafts (tenant_id, cache_key, created_at DESC);
CREATE INDEX cx_drafts_experiment ON cx_drafts (experiment_id) WHERE experiment_id IS NOT NULL;
CALL protect('cx_drafts', 'SELECT, INSERT, UPDATE');

-- The private note that shows the draft inside Chatwoot. Its id marks the message there.
CREATE TABLE cx_notes (
  draft_id uuid PRIMARY KEY REFERENCES cx_drafts,
  tenant_id uuid NOT NULL,
  post_id uuid NOT NULL CONSTRAINT cx_notes_post_unique UNIQUE,
  status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'posted', 'dropped')),
  attempts integer NOT NULL DEFAULT 0,
  leased_until timestamptz,
  problem text NOT NULL DEFAULT '',
  message_id bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  posted_at timestamptz
);
CREATE INDEX cx_notes_waiting ON cx_notes (tenant_id, created_at) WHERE status = 'waiting';
CALL protect('cx_notes');

-- Decisions of people, with their grades.
CREATE TABLE customer_reply_grading (
  id uuid PRIMARY KEY,
  conversation_id text NOT NULL,
  draft_reply text NOT NULL,
  human_reply text,
  tone integer NOT NULL CHECK (tone >= 1 AND tone <= 5),
  accuracy integer NOT NULL CHECK (accuracy >= 1 AND accuracy <= 5),
  policy integer NOT NULL CHECK (policy >= 1 AND policy <= 5),
  edit_distance integer,
  approved boolean DEFAULT false,
  graded_by text NOT NULL,
  graded_at timestamptz DEFAULT now(),
  created_at timestamptz DEFAULT now(),
  rag_sources jsonb,
  confidence numeric(3, 2),
  tenant_id uuid NOT NULL,
  draft_id uuid NOT NULL REFERENCES cx_drafts CONSTRAINT customer_reply_grading_once UNIQUE,
  edit_ratio numeric(5, 4) CHECK (edit_ratio BETWEEN 0 AND 1),
  -- What cx_replies refers to.
  CONSTRAINT customer_reply_grading_decision UNIQUE (draft_id, approved)
);
CREATE INDEX customer_reply_grading_newest ON customer_reply_grading (tenant_id, graded_at DESC);
CALL protect('customer_reply_grading');

-- Public replies. The reference is the promise: no row without a decision that approved it and carries three grades.
CREATE TABLE cx_replies (
  draft_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  approved boolean NOT NULL DEFAULT true CONSTRAINT cx_replies_approved CHECK (approved),
  post_id uuid NOT NULL CONSTRAINT cx_replies_post_unique UNIQUE,
  conversation_id uuid NOT NULL,
  content text NOT NULL CHECK (content <> ''),
  last_message_id bigint NOT NULL,
  approved_by text NOT NULL CHECK (approved_by <> ''),
  approved_at timestamptz NOT NULL DEFAULT now(),
  override_reason text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'sending' CHECK (status IN ('sending', 'sent')),
  attempts integer NOT NULL DEFAULT 0,
  leased_until timestamptz,
  message_id bigint CONSTRAINT cx_replies_sent_is_known CHECK (status <> 'sent' OR message_id IS NOT NULL),
  sent_at timestamptz,
  CONSTRAINT cx_replies_need_grades FOREIGN KEY (draft_id, approved) REFERENCES customer_reply_grading (draft_id, approved)
) WITH (fillfactor = 80);
CREATE INDEX cx_replies_grading ON cx_replies (draft_id, approved);
CREATE INDEX cx_replies_sending ON cx_replies (tenant_id, approved_at) WHERE status = 'sending';
CALL protect('cx_replies');

-- Everything there is to learn from: decisions, and what people wrote instead.
CREATE TABLE cx_learning_signals (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('approved', 'rejected', 'regenerated', 'answered_manually')),
  draft_id uuid REFERENCES cx_drafts,
  conversation_id uuid NOT NULL,
  customer_message text NOT NULL,
  draft_reply text NOT NULL,
  human_reply text,
  edit_distance integer,
  edit_ratio numeric(5, 4),
  -- The same without greeting and signature.
  body_edit_ratio numeric(5, 4),
  tone integer CHECK (tone BETWEEN 1 AND 5),
  accuracy integer CHECK (accuracy BETWEEN 1 AND 5),
  policy integer CHECK (policy BETWEEN 1 AND 5),
  reason text NOT NULL DEFAULT '',
  graded_by text NOT NULL DEFAULT '',
  review_seconds integer,
  rag_sources jsonb NOT NULL DEFAULT '[]',
  confidence numeric(3, 2),
  prompt_version text NOT NULL DEFAULT '',
  variant text NOT NULL DEFAULT '',
  experiment_id uuid,
  -- Set when it became an example for later drafts.
  indexed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT cx_learning_signals_once UNIQUE (draft_id, kind)
);
CREATE INDEX cx_learning_signals_newest ON cx_learning_signals (tenant_id, created_at DESC, id DESC);
CALL protect('cx_learning_signals');

-- Quality by day, in UTC; security_invoker keeps the reader's own tenant.
CREATE VIEW customer_reply_quality_metrics WITH (security_invoker = true) AS
SELECT tenant_id, (graded_at AT TIME ZONE 'UTC')::date AS day, count(*) AS total, count(*) FILTER (WHERE approved) AS approved,
       avg(tone) AS avg_tone, avg(accuracy) AS avg_accuracy, avg(policy) AS avg_policy, avg((tone + accuracy + policy) / 3.0) AS avg_overall,
       avg(edit_distance) AS avg_edit_distance, avg(edit_ratio) AS avg_edit_ratio, avg(confidence) AS avg_confidence,
       count(*) FILTER (WHERE approved AND edit_ratio <= 0.2) AS approved_without_major_edits
  FROM customer_reply_grading GROUP BY tenant_id, (graded_at AT TIME ZONE 'UTC')::date;
GRANT SELECT ON customer_reply_quality_metrics TO sidedesk_app;

-- What the five-minute visits to Chatwoot found. Not partitioned: old rows are deleted.
CREATE TABLE cx_probes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  integration_id uuid NOT NULL,
  ok boolean NOT NULL,
  result jsonb NOT NULL,
  probed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cx_probes_newest ON cx_probes (tenant_id, probed_at DESC);
CALL protect('cx_probes');
CREATE TABLE cx_sweeps (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants,
  integration_id uuid NOT NULL,
  since timestamptz NOT NULL,
  conversations integer NOT NULL DEFAULT 0,
  messages integer NOT NULL DEFAULT 0,
  missed integer NOT NULL DEFAULT 0,
  problem text NOT NULL DEFAULT '',
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX cx_sweeps_newest ON cx_sweeps (tenant_id, integration_id, started_at DESC);
CALL protect('cx_sweeps');

-- Calibration of graders: drafts everybody grades without seeing the others' marks.
CREATE TABLE cx_gold_items (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  customer_message text NOT NULL,
  reply text NOT NULL,
  tone integer NOT NULL CHECK (tone BETWEEN 1 AND 5),
  accuracy integer NOT NULL CHECK (accuracy BETWEEN 1 AND 5),
  policy integer NOT NULL CHECK (policy BETWEEN 1 AND 5),
  why text NOT NULL DEFAULT '',
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz
);
CREATE INDEX cx_gold_items_newest ON cx_gold_items (tenant_id, created_at DESC);
CALL protect('cx_gold_items');
CREATE TABLE cx_gold_grades (
  item_id uuid NOT NULL REFERENCES cx_gold_items,
  reviewer text NOT NULL,
  tenant_id uuid NOT NULL REFERENCES tenants,
  tone integer NOT NULL CHECK (tone BETWEEN 1 AND 5),
  accuracy integer NOT NULL CHECK (accuracy BETWEEN 1 AND 5),
  policy integer NOT NULL CHECK (policy BETWEEN 1 AND 5),
  graded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (item_id, reviewer)
);
CREATE INDEX cx_gold_grades_tenant ON cx_gold_grades (tenant_id);
CALL protect('cx_gold_grades');

-- Looking across tenants: ids only ------------------------------------------------------------------------------------

GRANT SELECT (id, tenant_id, kind, config) ON integrations TO sidedesk_sweeper;
CREATE POLICY sweep_chatwoot ON integrations FOR SELECT TO sidedesk_sweeper USING (kind = 'chatwoot');
GRANT SELECT (tenant_id, draft_due_at, sla_due_at, sla_alerted_at, waiting_since) ON cx_conversations TO sidedesk_sweeper;
CREATE POLICY sweep_due ON cx_conversations FOR SELECT TO sidedesk_sweeper USING (true);
GRANT SELECT (tenant_id, status) ON cx_replies TO sidedesk_sweeper;
CREATE POLICY sweep_sending ON cx_replies FOR SELECT TO sidedesk_sweeper USING (status = 'sending');
GRANT SELECT (tenant_id, status) ON cx_notes TO sidedesk_sweeper;
CREATE POLICY sweep_waiting ON cx_notes FOR SELECT TO sidedesk_sweeper USING (status = 'waiting');

-- Whose integration a webhook belongs to: a delivery names the integration in its address and proves itself by its signature.
CREATE FUNCTION sweep.tenant_of_chatwoot(integration uuid) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT i.tenant_id FROM integrations i WHERE i.id = integration AND i.kind = 'chatwoot' $$;
ALTER FUNCTION sweep.tenant_of_chatwoot OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenant_of_chatwoot FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenant_of_chatwoot TO sidedesk_app;

-- The same for deliveries that name only Chatwoot's account: every integration that may have signed it.
CREATE FUNCTION sweep.chatwoots_of_account(account bigint) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT i.tenant_id, i.id FROM integrations i WHERE i.kind = 'chatwoot' AND (i.config ->> 'account_id')::bigint = account LIMIT 50 $$;
ALTER FUNCTION sweep.chatwoots_of_account OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.chatwoots_of_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.chatwoots_of_account TO sidedesk_app;

-- Tenants the minute tick must look at, and those with a Chatwoot to visit.
CREATE FUNCTION sweep.tenants_with_cx_work() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
  SELECT c.tenant_id FROM cx_conversations c WHERE c.draft_due_at <= now()
  UNION SELECT c.tenant_id FROM cx_conversations c WHERE c.waiting_since IS NOT NULL AND c.sla_due_at <= now() AND c.sla_alerted_at IS NULL
  UNION SELECT r.tenant_id FROM cx_replies r WHERE r.status = 'sending'
  UNION SELECT n.tenant_id FROM cx_notes n WHERE n.status = 'waiting'
$$;
ALTER FUNCTION sweep.tenants_with_cx_work OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenants_with_cx_work FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenants_with_cx_work TO sidedesk_app;

-- Organisations whose Chatwoot the five-minute visits go to.
CREATE FUNCTION sweep.tenants_with_chatwoot() RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT DISTINCT i.tenant_id FROM integrations i WHERE i.kind = 'chatwoot' $$;
ALTER FUNCTION sweep.tenants_with_chatwoot OWNER TO sidedesk_sweeper;
REVOKE ALL ON FUNCTION sweep.tenants_with_chatwoot FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep.tenants_with_chatwoot TO sidedesk_app;
