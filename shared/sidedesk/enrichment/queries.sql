-- name: create_run
-- Ids in the order of the asking. A repeated id is settled at once; of the others, what is completed or held by somebody else is known here.
INSERT INTO enrichment_runs (id, tenant_id, batch_job_id, sequential, deadline_at, created_by)
VALUES (%(id)s, current_tenant(), %(batch_job_id)s, %(sequential)s, now() + make_interval(secs => %(patience)s), current_setting('app.actor'))
ON CONFLICT (id) DO NOTHING RETURNING true;

-- name: create_items
INSERT INTO enrichment_run_items (run_id, position, tenant_id, conversation_id, repeated, status, enrichment_status, settled_at)
SELECT %(run_id)s, i.position, current_tenant(), i.conversation_id, i.repeated, CASE WHEN i.skipped THEN 'skipped' ELSE 'pending' END,
       i.enrichment_status, CASE WHEN i.skipped THEN now() END
  FROM unnest(%(ids)s::uuid[], %(repeated)s::boolean[], %(skipped)s::boolean[], %(statuses)s::text[])
       WITH ORDINALITY AS i (conversation_id, repeated, skipped, enrichment_status, position)
ON CONFLICT DO NOTHING;

-- name: run
SELECT r.id, r.status, r.sequential, r.batch_job_id, r.execution_no, r.started_at, r.created_at, r.finished_at
  FROM enrichment_runs r WHERE r.id = %(run_id)s;

-- name: run_items
SELECT i.conversation_id, i.repeated, i.status, i.enrichment_status, i.error_category, i.error_message
  FROM enrichment_run_items i WHERE i.run_id = %(run_id)s ORDER BY i.position;

-- name: close_run
-- Nothing is open any more, as far as this snapshot knows.
UPDATE enrichment_runs r SET status = 'completed', finished_at = now()
 WHERE r.id = %(run_id)s AND r.status = 'running'
   AND NOT EXISTS (SELECT FROM enrichment_run_items i WHERE i.run_id = r.id AND i.status = 'pending')
RETURNING r.id;

-- name: note_started
UPDATE enrichment_runs SET started_at = now() WHERE id = %(run_id)s AND execution_no = %(execution_no)s AND status = 'running';

-- name: next_execution
-- A new start of the workflow, as long as there are some left; whoever comes second finds another number.
UPDATE enrichment_runs SET execution_no = execution_no + 1, executions_left = executions_left - 1, started_at = NULL
 WHERE id = %(run_id)s AND status = 'running' AND execution_no = %(execution_no)s AND executions_left > 0
RETURNING execution_no;

-- name: hand_over
-- The same without a death: a long run goes on as the next number.
UPDATE enrichment_runs r SET execution_no = r.execution_no + 1, started_at = NULL
 WHERE r.id = %(run_id)s AND r.status = 'running' AND r.execution_no = %(execution_no)s
   AND EXISTS (SELECT FROM enrichment_run_items i WHERE i.run_id = r.id AND i.status = 'pending')
RETURNING r.execution_no;

-- name: retry_run
-- What failed is open again; the run goes on as a new execution.
WITH again AS (
  UPDATE enrichment_run_items i SET status = 'pending', attempts = 0, error_category = NULL, error_message = NULL, settled_at = NULL
    FROM enrichment_runs r
   WHERE r.id = %(run_id)s AND r.status = 'completed' AND i.run_id = r.id AND i.status = 'failed'
  RETURNING i.position),
opened AS (
  UPDATE enrichment_runs r SET status = 'running', finished_at = NULL, started_at = NULL, execution_no = r.execution_no + 1,
         executions_left = 5, deadline_at = now() + make_interval(secs => %(patience)s)
   WHERE r.id = %(run_id)s AND r.status = 'completed' AND EXISTS (SELECT FROM again)
  RETURNING r.execution_no)
SELECT execution_no, (SELECT count(*) FROM again) AS items FROM opened;

-- name: hand_out
-- The next open items; an execution that is not the newest one gets none.
SELECT i.conversation_id FROM enrichment_run_items i JOIN enrichment_runs r ON r.id = i.run_id
 WHERE i.run_id = %(run_id)s AND r.status = 'running' AND r.execution_no = %(execution_no)s AND i.status = 'pending'
 ORDER BY i.position LIMIT %(limit)s;

-- name: begin_item
-- One more try, counted when a worker has it in hand.
UPDATE enrichment_run_items SET attempts = attempts + 1
 WHERE run_id = %(run_id)s AND conversation_id = %(id)s AND NOT repeated AND status = 'pending';

-- name: hopeless
-- Open, and tried too often.
SELECT i.conversation_id FROM enrichment_run_items i
 WHERE i.run_id = %(run_id)s AND i.status = 'pending' AND i.attempts >= %(most)s;

-- name: open_items
SELECT i.conversation_id FROM enrichment_run_items i WHERE i.run_id = %(run_id)s AND i.status = 'pending';

-- name: settle
UPDATE enrichment_run_items SET status = %(status)s, enrichment_status = %(enrichment_status)s, error_category = %(category)s,
       error_message = left(%(message)s, 2000), settled_at = now()
 WHERE run_id = %(run_id)s AND conversation_id = ANY(%(ids)s::uuid[]) AND NOT repeated AND status = 'pending'
RETURNING conversation_id;

-- name: keep_report
INSERT INTO enrichment_reports AS r (conversation_id, tenant_id, raw_digest, findings)
VALUES (%(id)s, current_tenant(), %(raw_digest)s, %(findings)s)
ON CONFLICT (conversation_id) DO UPDATE SET raw_digest = excluded.raw_digest, findings = excluded.findings, checked_at = now();

-- name: report
SELECT raw_digest, findings, checked_at FROM enrichment_reports WHERE conversation_id = %(id)s;

-- name: keep_window
INSERT INTO enrichment_windows (conversation_id, number, tenant_id, raw_digest, of_windows, answer)
VALUES (%(id)s, %(number)s, current_tenant(), %(raw_digest)s, %(of)s, %(answer)s)
ON CONFLICT (conversation_id, number) DO UPDATE SET
  raw_digest = excluded.raw_digest, of_windows = excluded.of_windows, answer = excluded.answer, created_at = now();

-- name: windows
SELECT answer FROM enrichment_windows
 WHERE conversation_id = %(id)s AND raw_digest = %(raw_digest)s AND of_windows = %(of)s ORDER BY number;

-- name: drop_windows
DELETE FROM enrichment_windows WHERE conversation_id = %(id)s;

-- name: overdue_runs
SELECT id FROM enrichment_runs WHERE status = 'running' AND deadline_at < now();

-- name: running_runs
-- Those that had the time to begin.
SELECT id, execution_no, sequential, started_at FROM enrichment_runs
 WHERE status = 'running' AND created_at < now() - interval '30 seconds'
   AND (started_at IS NULL OR started_at < now() - interval '30 seconds');

-- name: create_batch
INSERT INTO batch_jobs (id, tenant_id, topics, style, language, auto_enrich, max_cost_usd, deadline_at, created_by)
VALUES (%(id)s, current_tenant(), %(topics)s, %(style)s, %(language)s, %(auto_enrich)s, %(max_cost_usd)s,
        now() + make_interval(secs => %(patience)s), current_setting('app.actor'))
ON CONFLICT (id) DO NOTHING RETURNING true;

-- name: create_batch_items
INSERT INTO batch_items (id, tenant_id, batch_job_id, position, topic)
SELECT i.id, current_tenant(), %(batch_id)s, i.position, i.topic
  FROM unnest(%(ids)s::uuid[], %(topics)s::text[]) WITH ORDINALITY AS i (id, topic, position)
ON CONFLICT DO NOTHING;

-- name: batches
-- Newest first, with counts.
SELECT b.id, b.status, b.topics, b.style, b.language, b.auto_enrich, b.max_cost_usd::float8 AS max_cost_usd, b.enrich_run_id, b.created_by, b.created_at,
       b.finished_at, c.total, c.completed, c.failed
  FROM batch_jobs b
  CROSS JOIN LATERAL (SELECT count(*) AS total, count(*) FILTER (WHERE i.status = 'completed') AS completed,
                             count(*) FILTER (WHERE i.status = 'failed') AS failed
                        FROM batch_items i WHERE i.batch_job_id = b.id) c
 WHERE (%(id)s::uuid IS NULL OR b.id = %(id)s::uuid)
   AND (%(at)s::timestamptz IS NULL OR (b.created_at, b.id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY b.created_at DESC, b.id DESC LIMIT %(limit)s;

-- name: batch_exists
SELECT true FROM batch_jobs WHERE id = %(id)s;

-- name: batch_items
SELECT i.id, i.conversation_id, i.status, i.topic, i.error, i.position FROM batch_items i
 WHERE i.batch_job_id = %(batch_id)s AND (%(status)s::text IS NULL OR i.status = %(status)s)
 ORDER BY i.position LIMIT %(limit)s;

-- name: batch_conversations
SELECT conversation_id FROM batch_items WHERE batch_job_id = %(batch_id)s AND status = 'completed' ORDER BY position;

-- name: take_batch_item
-- One worker makes one conversation; the lease of a dead one runs out.
UPDATE batch_items i SET attempts = i.attempts + 1, leased_until = now() + make_interval(secs => %(lease)s)
  FROM batch_jobs b
 WHERE i.id = %(item_id)s AND i.status = 'pending' AND (i.leased_until IS NULL OR i.leased_until < now())
   AND b.id = i.batch_job_id AND b.status = 'running'
RETURNING i.batch_job_id, i.position, i.topic, i.attempts, b.style, b.language, b.created_by;

-- name: free_batch_item
UPDATE batch_items SET leased_until = NULL WHERE id = %(item_id)s AND status = 'pending';

-- name: settle_batch_item
UPDATE batch_items SET status = %(status)s, conversation_id = %(conversation_id)s, error = left(%(error)s, 1000), settled_at = now(), leased_until = NULL
 WHERE id = %(item_id)s AND status = 'pending' RETURNING batch_job_id;

-- name: close_batch
-- Failed only when nothing came of it.
UPDATE batch_jobs b SET finished_at = now(),
       status = CASE WHEN EXISTS (SELECT FROM batch_items i WHERE i.batch_job_id = b.id AND i.status = 'completed') THEN 'completed' ELSE 'failed' END
 WHERE b.id = %(batch_id)s AND b.status = 'running'
   AND NOT EXISTS (SELECT FROM batch_items i WHERE i.batch_job_id = b.id AND i.status = 'pending')
RETURNING b.auto_enrich AND b.status = 'completed' AS enrich;

-- name: batch_to_enrich
-- Completed ones that asked for it and have no run yet: whoever closed them may have died before starting one.
SELECT id FROM batch_jobs WHERE auto_enrich AND status = 'completed' AND enrich_run_id IS NULL AND finished_at > now() - interval '1 day';

-- name: note_batch_run
UPDATE batch_jobs SET enrich_run_id = %(run_id)s WHERE id = %(batch_id)s;

-- name: running_batches
SELECT id FROM batch_jobs WHERE status = 'running';

-- name: fail_overdue_batches
UPDATE batch_items i SET status = 'failed', error = %(error)s, settled_at = now(), leased_until = NULL
  FROM batch_jobs b WHERE b.id = i.batch_job_id AND b.status = 'running' AND b.deadline_at < now() AND i.status = 'pending'
RETURNING i.batch_job_id;
