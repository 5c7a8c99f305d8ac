-- name: register
-- A conversation of another capability's, told about again and again: facts that are not given stay as they are.
INSERT INTO conversations AS c (id, tenant_id, source, source_account, external_id, title, channel, customer, customer_email,
  started_at, last_message_at, message_count, created_by)
SELECT overlay(overlay(left(encode(sha256(convert_to(concat_ws(chr(31), current_tenant()::text, %(source)s::text, %(source_account)s::text,
         %(external_id)s::text), 'UTF8')), 'hex'), 32) placing '8' from 13) placing '8' from 17)::uuid,
       current_tenant(), %(source)s, %(source_account)s, %(external_id)s, coalesce(%(title)s, ''), coalesce(%(channel)s, ''),
       coalesce(%(customer)s, ''), coalesce(%(customer_email)s, ''), %(started_at)s, %(last_message_at)s, %(message_count)s,
       current_setting('app.actor')
ON CONFLICT ON CONSTRAINT conversations_source_unique DO UPDATE SET
  title = coalesce(%(title)s, c.title), channel = coalesce(%(channel)s, c.channel), customer = coalesce(%(customer)s, c.customer),
  customer_email = coalesce(%(customer_email)s, c.customer_email), started_at = least(c.started_at, excluded.started_at),
  last_message_at = greatest(c.last_message_at, excluded.last_message_at),
  message_count = coalesce(excluded.message_count, c.message_count), updated_at = now()
RETURNING c.id;

-- name: known
-- What is there already of these, by the key of their source.
SELECT c.id, c.source, c.source_account, c.external_id, c.raw_digest, c.import_id
  FROM unnest(%(sources)s::text[], %(source_accounts)s::text[], %(external_ids)s::text[]) AS k (source, source_account, external_id)
  JOIN conversations c USING (source, source_account, external_id)
 WHERE c.tenant_id = current_tenant();

-- name: store
-- Rows of documents that lie in the store by now. Another document begins a new way through enrichment: what was enriched
-- stays to be read until it is replaced, and a run that works on the old document loses its hold.
INSERT INTO conversations AS c (id, tenant_id, source, source_account, external_id, title, channel, customer, customer_email,
  started_at, last_message_at, message_count, raw_storage_path, raw_digest, raw_bytes, import_id, created_by)
SELECT n.id, current_tenant(), n.source, n.source_account, n.external_id, n.title, n.channel, n.customer, n.customer_email,
       n.started_at, n.last_message_at, n.message_count, n.raw_storage_path, n.raw_digest, n.raw_bytes, %(import_id)s::uuid,
       current_setting('app.actor')
  FROM unnest(%(id)s::uuid[], %(source)s::text[], %(source_account)s::text[], %(external_id)s::text[], %(title)s::text[],
              %(channel)s::text[], %(customer)s::text[], %(customer_email)s::text[], %(started_at)s::timestamptz[],
              %(last_message_at)s::timestamptz[], %(message_count)s::integer[], %(raw_storage_path)s::text[],
              %(raw_digest)s::text[], %(raw_bytes)s::bigint[])
       AS n (id, source, source_account, external_id, title, channel, customer, customer_email, started_at, last_message_at,
             message_count, raw_storage_path, raw_digest, raw_bytes)
 ORDER BY n.source, n.source_account, n.external_id
ON CONFLICT ON CONSTRAINT conversations_source_unique DO UPDATE SET
  title = coalesce(nullif(excluded.title, ''), c.title), channel = coalesce(nullif(excluded.channel, ''), c.channel),
  customer = excluded.customer, customer_email = excluded.customer_email, started_at = excluded.started_at,
  last_message_at = greatest(c.last_message_at, excluded.last_message_at), message_count = excluded.message_count,
  raw_storage_path = excluded.raw_storage_path, raw_digest = excluded.raw_digest, raw_bytes = excluded.raw_bytes,
  import_id = coalesce(excluded.import_id, c.import_id), enrichment_status = 'not_started', failed_step = NULL,
  error_category = NULL, error_message = NULL, leased_by = NULL, leased_until = NULL, updated_at = now()
  WHERE c.raw_digest IS DISTINCT FROM excluded.raw_digest
RETURNING c.id, c.external_id, (xmax = 0) AS created;

-- name: claim
-- One run works on a conversation at a time. What failed goes on at its last good step; what is completed is left alone unless
-- its source has changed since. Locked in order, so that two runs over the same conversations cannot lock crosswise.
WITH asked AS (SELECT DISTINCT unnest(%(ids)s::uuid[]) AS id),
free AS (
  SELECT c.id FROM conversations c JOIN asked USING (id)
   WHERE (c.leased_by IS NULL OR c.leased_by = %(run_id)s OR c.leased_until < now())
     AND (c.enrichment_status <> 'completed' OR c.enriched_from IS DISTINCT FROM c.raw_digest)
   ORDER BY c.id FOR UPDATE OF c),
taken AS (
  UPDATE conversations c
     SET leased_by = %(run_id)s, leased_until = now() + make_interval(secs => %(lease_seconds)s), updated_at = now(),
         enrichment_status = CASE WHEN c.enrichment_status = 'completed' THEN 'not_started'
           WHEN c.enrichment_status = 'failed' THEN %(resumes)s::jsonb ->> c.failed_step ELSE c.enrichment_status END,
         failed_step = NULL, error_category = NULL, error_message = NULL
    FROM free WHERE c.id = free.id
  RETURNING c.id, c.enrichment_status)
SELECT c.id, taken.id IS NOT NULL AS claimed, coalesce(taken.enrichment_status, c.enrichment_status) AS enrichment_status,
       c.raw_storage_path, c.raw_digest
  FROM conversations c JOIN asked USING (id) LEFT JOIN taken USING (id);

-- name: move
-- One step on, only by the run that holds it and only from where the step may begin or end.
UPDATE conversations SET enrichment_status = %(to)s, updated_at = now(),
       leased_until = coalesce(now() + make_interval(secs => %(lease_seconds)s::double precision), leased_until)
 WHERE id = %(id)s AND leased_by = %(run_id)s AND enrichment_status = ANY(%(leaves)s)
RETURNING id, enrichment_status, raw_storage_path, raw_digest;

-- name: fail
UPDATE conversations SET enrichment_status = 'failed', failed_step = %(step)s, error_category = %(category)s,
       error_message = %(message)s, leased_by = NULL, leased_until = NULL, updated_at = now()
 WHERE id = ANY(%(ids)s::uuid[]) AND leased_by = %(run_id)s AND enrichment_status = ANY(%(leaves)s)
RETURNING id;

-- name: complete
-- The document lies in the store by now; from here on it is visible.
UPDATE conversations SET enrichment_status = 'completed', enriched_storage_path = %(path)s, enriched_from = %(enriched_from)s,
       enriched_at = now(), topic = %(topic)s, language = %(language)s, sentiment = %(sentiment)s, resolution = %(resolution)s,
       predicted_csat = %(predicted_csat)s, failed_step = NULL, error_category = NULL, error_message = NULL,
       leased_by = NULL, leased_until = NULL, updated_at = now()
 WHERE id = %(id)s AND leased_by = %(run_id)s AND enrichment_status = ANY(%(leaves)s)
RETURNING id;

-- name: release
-- Not worked on any more, and nothing went wrong: the next run goes on from here.
UPDATE conversations SET leased_by = NULL, leased_until = NULL, updated_at = now()
 WHERE id = ANY(%(ids)s::uuid[]) AND leased_by = %(run_id)s
RETURNING id;

-- name: find
SELECT c.id, c.source, c.source_account, c.external_id, c.title, c.channel, c.customer, c.started_at, c.last_message_at,
       c.message_count, c.enrichment_status, c.failed_step, c.error_category, c.error_message, c.topic, c.language, c.sentiment,
       c.resolution, c.predicted_csat, c.enriched_at, c.created_at, c.updated_at, c.raw_storage_path, c.raw_digest, c.raw_bytes,
       c.enriched_storage_path, c.enriched_from, c.import_id, c.leased_until > now() AS leased
  FROM conversations c WHERE c.id = %(id)s;

-- name: statuses
-- Which of these exist, and how far they are.
SELECT c.id, c.enrichment_status, c.leased_until > now() AS leased, c.raw_digest, c.enriched_from
  FROM conversations c WHERE c.id = ANY(%(ids)s::uuid[]);

-- name: of_customer
-- Whose conversations an erasure is about.
SELECT id FROM conversations WHERE lower(customer_email) = %(subject)s ORDER BY id;

-- name: remove
DELETE FROM conversations WHERE id = ANY(%(ids)s::uuid[]) RETURNING id;

-- name: request_import
INSERT INTO imports (id, tenant_id, kind, wish, storage_key, created_by)
VALUES (%(id)s, current_tenant(), %(kind)s, %(wish)s, %(storage_key)s, current_setting('app.actor'))
ON CONFLICT (id) DO NOTHING RETURNING true;

-- name: find_import
SELECT id, kind, wish, status, total, created, changed, unchanged, refused, refusals, error, created_at, completed_at,
       (wish ->> 'bytes')::bigint AS size, coalesce((checkpoint ->> 'offset')::bigint, 0) AS "offset"
  FROM imports WHERE id = %(id)s;

-- name: list_imports
SELECT id, kind, wish, status, total, created, changed, unchanged, refused, error, created_at, completed_at,
       (wish ->> 'bytes')::bigint AS size, coalesce((checkpoint ->> 'offset')::bigint, 0) AS "offset"
  FROM imports
 WHERE (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s;

-- name: claim_import
-- One worker at a time. One that died keeps it until its lease ends; a message that comes earlier finds nothing to do.
UPDATE imports SET status = 'running', leased_until = now() + make_interval(secs => %(lease_seconds)s), updated_at = now()
 WHERE id = %(id)s AND status IN ('queued', 'running') AND (leased_until IS NULL OR leased_until < now())
RETURNING id, kind, wish, storage_key, checkpoint, steps, stalls, jsonb_array_length(refusals) AS kept,
          created + changed + unchanged + refused AS done;

-- name: advance_import
-- What was stored, what was refused and where to go on move together, or not at all.
UPDATE imports SET created = created + %(created)s, changed = changed + %(changed)s, unchanged = unchanged + %(unchanged)s,
       refused = refused + %(refused)s, refusals = refusals || %(refusals)s, checkpoint = checkpoint || %(checkpoint)s,
       total = coalesce(%(total)s, total), steps = steps + 1, stalls = 0, updated_at = now()
 WHERE id = %(id)s AND status = 'running' AND steps = %(steps)s
RETURNING steps;

-- name: touch_imported
-- Nothing new about these, but this import has seen them.
UPDATE conversations SET import_id = %(import_id)s WHERE id = ANY(%(ids)s::uuid[]) AND import_id IS DISTINCT FROM %(import_id)s;

-- name: hand_on_import
UPDATE imports SET leased_until = NULL, stalls = stalls + %(stalls)s, updated_at = now()
 WHERE id = %(id)s AND status = 'running' RETURNING stalls;

-- name: end_import
UPDATE imports SET status = %(status)s, error = %(error)s, leased_until = NULL, completed_at = now(), updated_at = now(),
       total = CASE WHEN %(status)s = 'completed' THEN created + changed + unchanged + refused ELSE total END
 WHERE id = %(id)s AND status IN ('queued', 'running')
RETURNING storage_key, wish, created, changed, unchanged, refused;

-- name: list_items
-- Listing again changes nothing.
INSERT INTO import_items (import_id, external_id, tenant_id)
SELECT %(id)s, e, current_tenant() FROM unnest(%(external_ids)s::text[]) e ON CONFLICT DO NOTHING;

-- name: count_items
SELECT count(*) FROM import_items WHERE import_id = %(id)s;

-- name: next_items
SELECT external_id FROM import_items WHERE import_id = %(id)s ORDER BY external_id LIMIT %(limit)s;

-- name: drop_items
DELETE FROM import_items WHERE import_id = %(id)s AND external_id = ANY(%(external_ids)s::text[]);

-- name: drop_all_items
DELETE FROM import_items WHERE import_id = %(id)s;

-- name: list_conversations
SELECT c.id, c.source, c.external_id, c.title, c.channel, c.customer, c.started_at, c.last_message_at, c.message_count,
       c.enrichment_status, c.failed_step, c.error_category, c.error_message, c.topic, c.language, c.sentiment, c.resolution,
       c.predicted_csat, c.created_at, c.updated_at, c.raw_storage_path IS NOT NULL AS has_raw,
       c.enriched_storage_path IS NOT NULL AS has_enriched
  FROM conversations c
 WHERE (%(status)s::text IS NULL OR c.enrichment_status = %(status)s)
   AND (%(source)s::text IS NULL OR c.source = %(source)s)
   AND (%(topic)s::text IS NULL OR c.topic = %(topic)s)
   AND (%(language)s::text IS NULL OR c.language = %(language)s)
   AND (%(import_id)s::uuid IS NULL OR c.import_id = %(import_id)s)
   AND (%(q)s::text IS NULL OR c.title ILIKE %(q)s OR c.customer ILIKE %(q)s OR c.external_id ILIKE %(q)s OR c.topic ILIKE %(q)s)
   AND (%(start)s::date IS NULL OR coalesce(c.started_at, c.created_at) >=
        %(start)s::date::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
   AND (%(end)s::date IS NULL OR coalesce(c.started_at, c.created_at) <
        (%(end)s::date + 1)::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
   AND (%(at)s::timestamptz IS NULL OR (c.created_at, c.id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s;

-- name: count_statuses
-- How many there are of each status, whichever status the list shows.
SELECT c.enrichment_status, count(*) AS conversations
  FROM conversations c
 WHERE (%(source)s::text IS NULL OR c.source = %(source)s)
   AND (%(topic)s::text IS NULL OR c.topic = %(topic)s)
   AND (%(language)s::text IS NULL OR c.language = %(language)s)
   AND (%(import_id)s::uuid IS NULL OR c.import_id = %(import_id)s)
   AND (%(q)s::text IS NULL OR c.title ILIKE %(q)s OR c.customer ILIKE %(q)s OR c.external_id ILIKE %(q)s OR c.topic ILIKE %(q)s)
   AND (%(start)s::date IS NULL OR coalesce(c.started_at, c.created_at) >=
        %(start)s::date::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
   AND (%(end)s::date IS NULL OR coalesce(c.started_at, c.created_at) <
        (%(end)s::date + 1)::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
 GROUP BY c.enrichment_status;

-- name: exportable
-- Those with an enriched document, by id: an export goes through all of them, page by page.
SELECT c.id, c.enriched_storage_path
  FROM conversations c
 WHERE c.enriched_storage_path IS NOT NULL
   AND (%(status)s::text IS NULL OR c.enrichment_status = %(status)s)
   AND (%(source)s::text IS NULL OR c.source = %(source)s)
   AND (%(topic)s::text IS NULL OR c.topic = %(topic)s)
   AND (%(language)s::text IS NULL OR c.language = %(language)s)
   AND (%(start)s::date IS NULL OR coalesce(c.started_at, c.created_at) >=
        %(start)s::date::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
   AND (%(end)s::date IS NULL OR coalesce(c.started_at, c.created_at) <
        (%(end)s::date + 1)::timestamp AT TIME ZONE (SELECT t.timezone FROM tenants t))
   AND (%(after)s::uuid IS NULL OR c.id > %(after)s::uuid)
 ORDER BY c.id LIMIT %(limit)s;

-- name: export_under_way
-- The same wish of the same person that is not done yet.
SELECT id FROM conversation_exports
 WHERE created_by = current_setting('app.actor') AND format = %(format)s AND wish = %(wish)s AND status IN ('queued', 'running')
   AND created_at > now() - interval '1 hour'
 ORDER BY created_at DESC LIMIT 1;

-- name: request_export
INSERT INTO conversation_exports (id, tenant_id, format, wish, storage_key, created_by)
VALUES (%(id)s, current_tenant(), %(format)s, %(wish)s, %(storage_key)s, current_setting('app.actor'));

-- name: find_export
SELECT id, format, wish, storage_key, status, written, skipped, size, error, created_at, completed_at
  FROM conversation_exports WHERE id = %(id)s;

-- name: list_exports
SELECT id, format, wish, storage_key, status, written, skipped, size, error, created_at, completed_at
  FROM conversation_exports
 WHERE (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s;

-- name: start_export
-- A second delivery writes the file anew, under the same name, unless it is done.
UPDATE conversation_exports SET status = 'running' WHERE id = %(id)s AND status IN ('queued', 'running')
RETURNING format, wish, storage_key;

-- name: finish_export
UPDATE conversation_exports SET status = 'completed', written = %(written)s, skipped = %(skipped)s, size = %(size)s, completed_at = now()
 WHERE id = %(id)s AND status = 'running' RETURNING true;

-- name: fail_export
UPDATE conversation_exports SET status = 'failed', error = %(error)s, completed_at = now()
 WHERE id = %(id)s AND status IN ('queued', 'running');
