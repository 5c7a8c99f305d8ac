-- Conversations of every origin, one row each: what audits judge, what customers write, what is enriched. The texts live in
-- the files bucket; a row holds pointers. Webhooks write here, so nothing is referenced; the policy refuses other tenants.
CREATE TABLE conversations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL,
  source text NOT NULL CHECK (source IN ('upload', 'chatwoot', 'intercom', 'generated')),
  -- The account, workspace or integration an external id belongs to; empty where ids are the tenant's own.
  source_account text NOT NULL DEFAULT '',
  external_id text NOT NULL CHECK (external_id <> '' AND length(external_id) <= 300),
  title text NOT NULL DEFAULT '',
  channel text NOT NULL DEFAULT '',
  customer text NOT NULL DEFAULT '',
  started_at timestamptz,
  last_message_at timestamptz,
  message_count integer CHECK (message_count >= 0),
  -- The document as it came. Its digest tells whether the source has changed since it was enriched.
  raw_storage_path text,
  raw_digest text,
  raw_bytes bigint,
  enrichment_status text NOT NULL DEFAULT 'not_started' CHECK (enrichment_status IN
    ('not_started', 'validating', 'validated', 'enrichment_in_progress', 'normalizing', 'completed', 'failed')),
  failed_step text CHECK (failed_step IN ('validate', 'enrich', 'normalise')),
  error_category text CHECK (error_category IN ('invalid_raw', 'llm_refused', 'llm_unavailable', 'storage', 'timeout')),
  error_message text,
  enriched_storage_path text,
  enriched_from text, -- raw_digest of what was enriched
  enriched_at timestamptz,
  -- One run works on a conversation at a time.
  leased_by uuid,
  leased_until timestamptz,
  -- What lists filter and sort by, from the enriched document.
  topic text,
  language text,
  sentiment text,
  resolution text,
  predicted_csat numeric(3, 2),
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT conversations_source_unique UNIQUE (tenant_id, source, source_account, external_id),
  CONSTRAINT conversations_failed_says_why CHECK (enrichment_status <> 'failed' OR (failed_step IS NOT NULL AND error_category IS NOT NULL AND error_message IS NOT NULL)),
  CONSTRAINT conversations_completed_has_document CHECK (enrichment_status <> 'completed' OR enriched_storage_path IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX conversations_newest ON conversations (tenant_id, created_at DESC, id DESC);
CREATE INDEX conversations_by_status ON conversations (tenant_id, enrichment_status, created_at DESC, id DESC);
CALL protect('conversations');
