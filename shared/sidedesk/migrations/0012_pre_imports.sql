-- Conversations come in by imports and go out by exports; both are asked for in a request and done by a worker.

ALTER TABLE conversations
  ADD COLUMN customer_email text NOT NULL DEFAULT '', -- whom an erasure is about
  ADD COLUMN import_id uuid; -- the import that wrote it last
CREATE INDEX conversations_customer_email ON conversations (tenant_id, lower(customer_email)) WHERE customer_email <> '';

CREATE TABLE imports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  kind text NOT NULL CHECK (kind IN ('json', 'jsonl', 'csv', 'chatwoot', 'intercom', 'audit')),
  -- What was asked for: an upload, a range of days, an audit run.
  wish jsonb NOT NULL,
  storage_key text CHECK ((storage_key IS NOT NULL) = (kind IN ('json', 'jsonl', 'csv'))),
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  total integer, -- known once a source has been listed, or a file has been read to its end
  created integer NOT NULL DEFAULT 0,
  changed integer NOT NULL DEFAULT 0,
  unchanged integer NOT NULL DEFAULT 0,
  refused integer NOT NULL DEFAULT 0,
  refusals jsonb NOT NULL DEFAULT '[]', -- the first ones; `refused` counts all
  checkpoint jsonb NOT NULL DEFAULT '{}', -- where to go on; it moves in the transaction of what it stands behind
  steps integer NOT NULL DEFAULT 0, -- how often it moved: a worker that fell behind cannot move it back
  stalls integer NOT NULL DEFAULT 0, -- turns in a row without progress
  leased_until timestamptz,
  error text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  CONSTRAINT imports_failed_says_why CHECK (status <> 'failed' OR error IS NOT NULL)
) WITH (fillfactor = 70);
CREATE INDEX imports_newest ON imports (tenant_id, created_at DESC, id DESC);
CALL protect('imports');

-- What a source has listed and nobody has fetched yet; a row goes in the transaction that stores its conversation.
CREATE TABLE import_items (
  import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
  external_id text NOT NULL CHECK (external_id <> ''),
  tenant_id uuid NOT NULL REFERENCES tenants,
  PRIMARY KEY (import_id, external_id)
);
CREATE INDEX import_items_tenant ON import_items (tenant_id);
CALL protect('import_items');

CREATE TABLE conversation_exports (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants,
  format text NOT NULL CHECK (format IN ('jsonl', 'openai', 'csv')),
  wish jsonb NOT NULL, -- the filters
  storage_key text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  written integer,
  skipped integer, -- had nothing to say in this format
  size bigint,
  error text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  CONSTRAINT conversation_exports_failed_says_why CHECK (status <> 'failed' OR error IS NOT NULL)
);
CREATE INDEX conversation_exports_newest ON conversation_exports (tenant_id, created_at DESC, id DESC);
CALL protect('conversation_exports', 'SELECT, INSERT, UPDATE');
