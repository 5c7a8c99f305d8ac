-- name: start_facts
-- What a start needs to know, in one look: the scorecard, who is known, the pace and a run that is the same.
SELECT s.id AS scorecard_id, s.version AS scorecard_version, t.timezone, t.audit_engine, t.limits, t.options,
       (SELECT coalesce(jsonb_object_agg(e.intercom_admin_id, jsonb_build_object('id', e.id, 'name', e.name, 'email', e.email)), '{}')
          FROM employees e WHERE e.intercom_admin_id = ANY(%(admin_ids)s) AND e.active) AS employees,
       (SELECT j.id FROM massive_ai_audit_jobs j
         WHERE j.created_by = %(created_by)s AND j.fingerprint = %(fingerprint)s AND j.engine = t.audit_engine AND j.created_at > now() - interval '60 seconds'
         ORDER BY j.created_at DESC LIMIT 1) AS duplicate_of,
       (SELECT i.id FROM integrations i WHERE i.kind = 'n8n' ORDER BY i.created_at LIMIT 1) AS n8n_id
  FROM tenants t LEFT JOIN scorecards s ON s.id = %(scorecard_id)s AND s.archived_at IS NULL;

-- name: start_job
-- The whole start in one statement: slots from the destination's pace, the job, its agents, and a message for each.
WITH free AS (
  SELECT NOT EXISTS (SELECT FROM massive_ai_audit_jobs j WHERE j.created_by = %(created_by)s AND j.fingerprint = %(fingerprint)s
                        AND j.engine = %(engine)s AND j.id <> %(job_id)s AND j.created_at > now() - interval '60 seconds') AS ours),
pace AS (
  INSERT INTO audit_pacing AS p (tenant_id, destination, next_slot)
  SELECT current_tenant(), %(destination)s, now() + make_interval(secs => %(gap)s * cardinality(%(admin_ids)s::text[])) FROM free WHERE ours
  ON CONFLICT (tenant_id, destination) DO UPDATE
    SET next_slot = greatest(p.next_slot, now()) + make_interval(secs => %(gap)s * cardinality(%(admin_ids)s::text[]))
  RETURNING next_slot - make_interval(secs => %(gap)s * cardinality(%(admin_ids)s::text[])) AS first_slot),
job AS (
  INSERT INTO massive_ai_audit_jobs (id, tenant_id, created_by, scorecard_id, scorecard_version, start_date, end_date, total_agents,
    payload_snapshot, engine, destination, timezone, range_start, range_end, attribution, notify_me_when_done,
    notify_results_to_audited_people, max_cost_usd, fingerprint)
  SELECT %(job_id)s, current_tenant(), %(created_by)s, %(scorecard_id)s, %(scorecard_version)s, %(start_date)s, %(end_date)s,
    cardinality(%(admin_ids)s::text[]), %(payload)s, %(engine)s, %(destination)s, %(timezone)s, %(range_start)s, %(range_end)s,
    %(attribution)s, %(notify_me)s, %(notify_people)s, %(max_cost)s, %(fingerprint)s FROM free WHERE ours
  RETURNING id),
agents AS (
  INSERT INTO massive_ai_audit_progress (job_id, intercom_admin_id, tenant_id, employee_id, employee_email, employee_name, slot_at)
  SELECT %(job_id)s, a.admin_id, current_tenant(), a.employee_id, a.email, a.name,
         pace.first_slot + make_interval(secs => %(gap)s * (a.position - 1))
    FROM unnest(%(admin_ids)s::text[], %(employee_ids)s::uuid[], %(emails)s::text[], %(names)s::text[])
         WITH ORDINALITY AS a (admin_id, employee_id, email, name, position), pace
  RETURNING intercom_admin_id, slot_at),
messages AS (
  INSERT INTO outbox (tenant_id, destination, payload, due_at)
  SELECT current_tenant(), 'queue:trigger_agent',
         jsonb_build_object('job_id', %(job_id)s::uuid, 'intercom_admin_id', g.intercom_admin_id, 'run_no', 1, 'not_before', g.slot_at),
         greatest(now(), g.slot_at - interval '900 seconds')
    FROM agents g, job
  RETURNING id, due_at)
SELECT EXISTS (SELECT FROM job) AS started, (SELECT coalesce(array_agg(id), '{}') FROM messages WHERE due_at <= now()) AS ready;

-- name: find_job_status
SELECT id, status FROM massive_ai_audit_jobs WHERE id = %(id)s;

-- name: job_row
-- One job with its scorecard's name.
SELECT j.id, j.created_at, j.created_by, j.scorecard_id, j.scorecard_version, s.name AS scorecard_name, j.start_date, j.end_date, j.status,
       j.total_agents, j.payload_snapshot, j.error_message, j.completed_at, j.engine, j.timezone, j.notify_me_when_done,
       j.notify_results_to_audited_people, j.run_no, j.outcome, j.paused_reason, j.max_cost_usd, j.reported
  FROM massive_ai_audit_jobs j JOIN scorecards s ON s.id = j.scorecard_id
 WHERE j.id = %(id)s;

-- name: agent_rows
-- A job's agents with what has been counted for each, agent by agent: the index holds their rows side by side.
SELECT g.intercom_admin_id, g.employee_name AS name, g.employee_email AS email, g.status, g.total_conversations,
       c.every - c.failed - c.skipped AS completed, c.failed, c.skipped,
       g.error_message, g.slot_at, g.dispatched_at, g.completed_at, g.n8n_execution_id
  FROM massive_ai_audit_progress g,
       LATERAL (SELECT count(*) AS every, count(*) FILTER (WHERE a.outcome = 'failed') AS failed,
                       count(*) FILTER (WHERE a.outcome = 'skipped') AS skipped
                  FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id) c
 WHERE g.job_id = %(id)s
 ORDER BY g.slot_at, g.intercom_admin_id;

-- name: list_jobs
-- Newest first, with the sums that progress needs.
SELECT j.id, j.created_at, j.created_by, j.scorecard_id, j.scorecard_version, s.name AS scorecard_name, j.start_date, j.end_date, j.status,
       j.total_agents, j.payload_snapshot, j.error_message, j.completed_at, j.engine, j.timezone, j.notify_me_when_done,
       j.notify_results_to_audited_people, j.run_no, j.outcome, j.paused_reason, j.max_cost_usd, j.reported,
       g.agents_completed, g.agents_failed, g.agents_ended, g.totals_known, g.total, g.first_seen,
       r.completed, r.failed, r.skipped
  FROM massive_ai_audit_jobs j JOIN scorecards s ON s.id = j.scorecard_id,
       LATERAL (SELECT count(*) FILTER (WHERE p.status = 'completed') AS agents_completed,
                       count(*) FILTER (WHERE p.status = 'failed') AS agents_failed,
                       count(*) FILTER (WHERE p.status IN ('completed', 'failed', 'cancelled')) AS agents_ended,
                       count(*) FILTER (WHERE p.total_conversations IS NOT NULL OR p.status IN ('completed', 'failed', 'cancelled')) AS totals_known,
                       sum(p.total_conversations) AS total, min(p.dispatched_at) AS first_seen
                  FROM massive_ai_audit_progress p WHERE p.job_id = j.id) g,
       LATERAL (SELECT count(*) FILTER (WHERE a.outcome = 'completed') AS completed, count(*) FILTER (WHERE a.outcome = 'failed') AS failed,
                       count(*) FILTER (WHERE a.outcome = 'skipped') AS skipped
                  FROM audit_assignments a WHERE a.massive_audit_job_id = j.id) r
 WHERE (%(created_by)s::text IS NULL OR j.created_by = %(created_by)s)
   AND (%(status)s::text IS NULL OR j.status = %(status)s)
   AND (%(from)s::date IS NULL OR j.created_at >= %(from)s::date::timestamp AT TIME ZONE j.timezone)
   AND (%(to)s::date IS NULL OR j.created_at < (%(to)s::date + 1)::timestamp AT TIME ZONE j.timezone)
   AND (%(at)s::timestamptz IS NULL OR (j.created_at, j.id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY j.created_at DESC, j.id DESC LIMIT %(limit)s;

-- name: list_assignments
-- Results of a job, by the order in which they arrived.
SELECT a.id, a.conversation_id, a.intercom_admin_id, a.employee_email, a.employee_name, a.outcome, a.score, a.verdict, a.held_reason,
       a.ai_confidence_score, a.ai_notes, a.skipped_reason, a.late, a.created_at AS audited_at
  FROM audit_assignments a
 WHERE a.massive_audit_job_id = %(job_id)s
   AND (%(agent)s::text IS NULL OR a.intercom_admin_id = %(agent)s)
   AND (%(verdict)s::text IS NULL OR a.verdict = %(verdict)s)
   AND (%(at)s::timestamptz IS NULL OR (a.created_at, a.id) > (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY a.created_at, a.id LIMIT %(limit)s;

-- name: list_errors
SELECT e.intercom_admin_id, coalesce(g.employee_name, '') AS employee_name, nullif(e.conversation_id, '') AS conversation_id,
       e.error_message, e.run_no, e.created_at, e.id
  FROM massive_ai_audit_errors e
  LEFT JOIN massive_ai_audit_progress g ON g.job_id = e.job_id AND g.intercom_admin_id = e.intercom_admin_id
 WHERE e.job_id = %(job_id)s
   AND (%(at)s::timestamptz IS NULL OR (e.created_at, e.id) > (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY e.created_at, e.id LIMIT %(limit)s;

-- name: cancel_job
-- Only what has not ended can be cancelled; nothing further is triggered from this commit on.
WITH job AS (
  UPDATE massive_ai_audit_jobs SET status = 'cancelled', completed_at = now(), paused_reason = NULL
   WHERE id = %(id)s AND status IN ('queued', 'running') RETURNING id),
agents AS (
  UPDATE massive_ai_audit_progress g SET status = 'cancelled', completed_at = now()
    FROM job WHERE g.job_id = job.id AND g.status IN ('pending', 'processing') RETURNING 1)
SELECT (SELECT count(*) FROM agents) AS agents, EXISTS (SELECT FROM job) AS changed;

-- name: retry_job
-- Failed agents only, in the same job, as its next run; at the destination's pace.
WITH job AS (
  UPDATE massive_ai_audit_jobs j SET status = 'running', completed_at = NULL, outcome = NULL, error_message = NULL, run_no = j.run_no + 1
   WHERE j.id = %(id)s AND j.status IN ('completed', 'failed')
     AND EXISTS (SELECT FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status = 'failed')
  RETURNING j.id, j.run_no, j.destination),
waiting AS (
  SELECT g.intercom_admin_id, row_number() OVER (ORDER BY g.slot_at, g.intercom_admin_id) AS position, count(*) OVER () AS many
    FROM massive_ai_audit_progress g JOIN job ON g.job_id = job.id WHERE g.status = 'failed'),
pace AS (
  INSERT INTO audit_pacing AS p (tenant_id, destination, next_slot)
  SELECT current_tenant(), job.destination, now() + make_interval(secs => %(gap)s * (SELECT max(many) FROM waiting)) FROM job
  ON CONFLICT (tenant_id, destination) DO UPDATE
    SET next_slot = greatest(p.next_slot, now()) + make_interval(secs => %(gap)s * (SELECT max(many) FROM waiting))
  RETURNING next_slot - make_interval(secs => %(gap)s * (SELECT max(many) FROM waiting)) AS first_slot),
agents AS (
  UPDATE massive_ai_audit_progress g SET status = 'pending', total_conversations = NULL, error_message = NULL, completed_at = NULL, dispatch_id = NULL,
         dispatched_at = NULL, accepted_at = NULL, attempts = 0, n8n_execution_id = NULL, last_seen_at = NULL, first_slot_at = NULL, nudged_at = NULL, run_no = job.run_no,
         slot_at = pace.first_slot + make_interval(secs => %(gap)s * (w.position - 1))
    FROM job, pace, waiting w WHERE g.job_id = job.id AND g.intercom_admin_id = w.intercom_admin_id
  RETURNING g.intercom_admin_id, g.slot_at, g.run_no),
messages AS (
  INSERT INTO outbox (tenant_id, destination, payload, due_at)
  SELECT current_tenant(), 'queue:trigger_agent',
         jsonb_build_object('job_id', %(id)s::uuid, 'intercom_admin_id', g.intercom_admin_id, 'run_no', g.run_no, 'not_before', g.slot_at),
         greatest(now(), g.slot_at - interval '900 seconds')
    FROM agents g RETURNING id)
SELECT id FROM messages;

-- name: claim_dispatch
-- One delivery may post: the agent still waits, its run goes on, nobody holds it; the pace gives it its moment, unless that
-- is further off than somebody may sleep. Always one row: what was claimed, or why not.
WITH free AS (
  SELECT g.job_id, g.intercom_admin_id, j.destination
    FROM massive_ai_audit_progress g JOIN massive_ai_audit_jobs j ON j.id = g.job_id
   WHERE g.job_id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s AND g.run_no = %(run_no)s
     AND g.status = 'pending' AND g.accepted_at IS NULL AND j.status IN ('queued', 'running') AND j.paused_reason IS NULL
     AND (g.dispatched_at IS NULL OR g.dispatched_at < now() - make_interval(secs => %(grace)s))
   FOR UPDATE OF g),
pace AS (
  INSERT INTO audit_pacing AS p (tenant_id, destination, next_slot, last_call)
  SELECT current_tenant(), free.destination, now(), now() FROM free
  ON CONFLICT (tenant_id, destination) DO UPDATE SET last_call = greatest(now(), p.last_call + make_interval(secs => %(gap)s))
    WHERE p.last_call + make_interval(secs => %(gap)s) <= now() + make_interval(secs => %(patience)s)
  RETURNING last_call),
claimed AS (
  UPDATE massive_ai_audit_progress g
     SET dispatch_id = %(dispatch_id)s, dispatched_at = pace.last_call, attempts = g.attempts + 1
    FROM free, pace WHERE g.job_id = free.job_id AND g.intercom_admin_id = free.intercom_admin_id
  RETURNING pace.last_call AS at, g.attempts)
SELECT (SELECT at FROM claimed) AS at, (SELECT attempts FROM claimed) AS attempts, EXISTS (SELECT FROM free) AS free,
       (SELECT greatest(now(), p.last_call + make_interval(secs => %(gap)s)) FROM audit_pacing p JOIN free USING (destination)) AS next_turn;

-- name: still_claimed
-- Asked after a sleep: is the call still wanted, and still this delivery's?
SELECT true FROM massive_ai_audit_progress g JOIN massive_ai_audit_jobs j ON j.id = g.job_id
 WHERE g.job_id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s AND g.dispatch_id = %(dispatch_id)s
   AND g.status = 'pending' AND g.accepted_at IS NULL AND j.status IN ('queued', 'running');

-- name: dispatch_facts
-- Everything a trigger says and needs, and why it may have nothing to do.
SELECT j.id AS job_id, j.status AS job_status, j.paused_reason, j.created_by, j.scorecard_id, j.scorecard_version, j.start_date, j.end_date, j.engine, j.timezone,
       j.range_start, j.range_end, j.attribution, j.notify_me_when_done, j.notify_results_to_audited_people, j.created_at, j.destination,
       g.intercom_admin_id, g.employee_email, g.employee_name, g.status AS agent_status, g.run_no, g.attempts, g.accepted_at, g.dispatched_at,
       t.limits, t.options, i.base_url, i.secret_name
  FROM massive_ai_audit_jobs j
  JOIN massive_ai_audit_progress g ON g.job_id = j.id
  JOIN tenants t ON t.id = j.tenant_id
  LEFT JOIN LATERAL (SELECT base_url, secret_name FROM integrations WHERE kind = 'n8n' ORDER BY created_at LIMIT 1) i ON true
 WHERE j.id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s;

-- name: dispatch_accepted
WITH agent AS (
  UPDATE massive_ai_audit_progress SET accepted_at = now(), n8n_execution_id = coalesce(%(execution_id)s, n8n_execution_id)
   WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s AND dispatch_id = %(dispatch_id)s RETURNING job_id)
UPDATE massive_ai_audit_jobs j SET status = 'running' FROM agent WHERE j.id = agent.job_id AND j.status = 'queued';

-- name: dispatch_released
-- The call surely did not start anything: the agent waits for its next turn.
UPDATE massive_ai_audit_progress SET dispatched_at = NULL, dispatch_id = NULL
 WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s AND dispatch_id = %(dispatch_id)s AND status = 'pending' AND accepted_at IS NULL;

-- name: fail_agent
-- An agent ends with a reason. Nothing that has ended moves.
WITH agent AS (
  UPDATE massive_ai_audit_progress g SET status = 'failed', error_message = %(error)s, completed_at = now()
   WHERE g.job_id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s AND g.status IN ('pending', 'processing')
     AND (%(run_no)s::int IS NULL OR g.run_no = %(run_no)s)
  RETURNING g.job_id, g.intercom_admin_id, g.run_no),
noted AS (
  INSERT INTO massive_ai_audit_errors (tenant_id, job_id, intercom_admin_id, run_no, error_message)
  SELECT current_tenant(), job_id, intercom_admin_id, run_no, %(error)s FROM agent
  ON CONFLICT ON CONSTRAINT massive_ai_audit_errors_once DO UPDATE SET error_message = excluded.error_message)
SELECT job_id FROM agent;

-- name: agent_of_execution
SELECT job_id, intercom_admin_id, status FROM massive_ai_audit_progress WHERE n8n_execution_id = %(execution_id)s ORDER BY run_no DESC LIMIT 1;

-- name: agent_failure_kinds
-- For a run that could not start at all.
SELECT count(*) AS agents, count(*) FILTER (WHERE status = 'failed' AND accepted_at IS NULL) AS refused,
       count(*) FILTER (WHERE accepted_at IS NOT NULL OR status NOT IN ('failed')) AS others, max(error_message) AS error_message
  FROM massive_ai_audit_progress WHERE job_id = %(job_id)s;

-- name: job_facts
-- What never changes about a job: which scorecard judges it and who its agents are.
SELECT j.id, j.scorecard_id, j.scorecard_version, j.created_by, v.criteria, v.pass_threshold,
       (SELECT jsonb_agg(jsonb_build_array(g.intercom_admin_id, lower(g.employee_email), g.employee_name)) FROM massive_ai_audit_progress g WHERE g.job_id = j.id) AS agents,
       EXISTS (SELECT FROM integrations i WHERE i.kind = 'intercom') AS can_fetch
  FROM massive_ai_audit_jobs j JOIN scorecard_versions v ON v.scorecard_id = j.scorecard_id AND v.version = j.scorecard_version
 WHERE j.id = ANY(%(ids)s);

-- name: store_results
-- Append-only for what is new; a newer revision replaces the row and no count. Ordered, so that two arrays cannot lock crosswise.
WITH items AS (
  SELECT * FROM jsonb_to_recordset(%(items)s) AS i (job_id uuid, conversation_id text, intercom_admin_id text, employee_email text,
    employee_name text, scorecard_id uuid, scorecard_version int, audit_date timestamptz, outcome text, score numeric, verdict text,
    held_reason text, ai_confidence_score numeric, ai_notes text, skipped_reason text, error_message text, created_by text, revision int,
    ai_scorecard_data jsonb, evidence jsonb, transcript jsonb, provenance jsonb, meta jsonb)),
known AS (
  SELECT i.*, j.run_no, j.status IN ('completed', 'failed', 'cancelled') AS late FROM items i JOIN massive_ai_audit_jobs j ON j.id = i.job_id),
stored AS (
  INSERT INTO audit_assignments AS a (tenant_id, massive_audit_job_id, conversation_id, intercom_admin_id, employee_email, employee_name,
    scorecard_id, scorecard_version, audit_date, outcome, score, verdict, held_reason, ai_confidence_score, ai_notes, skipped_reason,
    error_message, created_by, revision, run_no, late)
  SELECT current_tenant(), job_id, conversation_id, intercom_admin_id, employee_email, employee_name, scorecard_id, scorecard_version,
    audit_date, outcome, score, verdict, held_reason, ai_confidence_score, ai_notes, skipped_reason, error_message, created_by, revision,
    run_no, late FROM known ORDER BY job_id, conversation_id
  ON CONFLICT ON CONSTRAINT audit_assignments_once DO UPDATE SET
    audit_date = excluded.audit_date, outcome = excluded.outcome, score = excluded.score, verdict = excluded.verdict,
    held_reason = excluded.held_reason, ai_confidence_score = excluded.ai_confidence_score, ai_notes = excluded.ai_notes,
    skipped_reason = excluded.skipped_reason, error_message = excluded.error_message, revision = excluded.revision,
    scorecard_version = excluded.scorecard_version, updated_at = now()
  WHERE excluded.revision > a.revision OR (excluded.revision = a.revision AND excluded.audit_date > a.audit_date)
     OR (a.outcome = 'failed' AND excluded.outcome <> 'failed')
  RETURNING a.id, a.massive_audit_job_id, a.conversation_id, a.late, (xmax = 0) AS is_new),
documents AS (
  INSERT INTO audit_documents AS d (assignment_id, tenant_id, ai_scorecard_data, evidence, transcript, provenance, meta)
  SELECT s.id, current_tenant(), k.ai_scorecard_data, k.evidence, k.transcript, k.provenance, k.meta
    FROM stored s JOIN known k ON k.job_id = s.massive_audit_job_id AND k.conversation_id = s.conversation_id
  ON CONFLICT (assignment_id) DO UPDATE SET ai_scorecard_data = excluded.ai_scorecard_data, evidence = excluded.evidence,
    transcript = coalesce(excluded.transcript, d.transcript), provenance = excluded.provenance, meta = excluded.meta),
failures AS (
  INSERT INTO massive_ai_audit_errors (tenant_id, job_id, intercom_admin_id, conversation_id, run_no, error_message)
  SELECT current_tenant(), job_id, intercom_admin_id, conversation_id, run_no, error_message FROM known WHERE outcome = 'failed'
  ON CONFLICT ON CONSTRAINT massive_ai_audit_errors_once DO NOTHING)
SELECT id, conversation_id, is_new, late FROM stored;

-- name: note_life
-- A first result is a sign of life: the agent works, the run runs. Mostly no row matches.
WITH agents AS (
  UPDATE massive_ai_audit_progress SET status = 'processing', last_seen_at = now()
   WHERE job_id = ANY(%(job_ids)s) AND intercom_admin_id = ANY(%(admin_ids)s) AND status = 'pending' RETURNING job_id)
UPDATE massive_ai_audit_jobs j SET status = 'running' WHERE j.id IN (SELECT job_id FROM agents) AND j.status = 'queued';

-- name: finish_agents
-- Asked after the results are committed, with a new snapshot: has an agent all that it announced? Locked in order.
WITH done AS (
  SELECT g.job_id, g.intercom_admin_id FROM massive_ai_audit_progress g
   WHERE g.job_id = ANY(%(job_ids)s) AND g.intercom_admin_id = ANY(%(admin_ids)s) AND g.status IN ('pending', 'processing')
     AND g.total_conversations <= (SELECT count(*) FROM audit_assignments a
                                    WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id)
   ORDER BY g.job_id, g.intercom_admin_id FOR UPDATE)
UPDATE massive_ai_audit_progress g SET status = 'completed', completed_at = now(), last_seen_at = now()
  FROM done WHERE g.job_id = done.job_id AND g.intercom_admin_id = done.intercom_admin_id AND g.status IN ('pending', 'processing')
RETURNING g.job_id;

-- name: report_agent
-- An agent's own figures. Totals may be corrected while it works; nothing that has ended moves.
UPDATE massive_ai_audit_progress g SET
  status = CASE %(status)s::text WHEN 'running' THEN 'processing' WHEN 'completed' THEN 'completed' WHEN 'failed' THEN 'failed'
           ELSE CASE WHEN g.status = 'pending' THEN 'processing' ELSE g.status END END,
  total_conversations = coalesce(%(total)s::int, g.total_conversations,
    CASE WHEN %(status)s = 'completed' THEN (SELECT count(*) FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id) END),
  n8n_execution_id = coalesce(%(execution_id)s, g.n8n_execution_id), last_seen_at = now(),
  accepted_at = coalesce(g.accepted_at, now()), dispatched_at = coalesce(g.dispatched_at, now()),
  error_message = CASE WHEN %(status)s = 'failed' THEN coalesce(%(error)s, 'The workflow reported a failure without saying why.') ELSE g.error_message END,
  completed_at = CASE WHEN %(status)s IN ('completed', 'failed') THEN now() END
 WHERE g.job_id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s AND g.status IN ('pending', 'processing')
   AND EXISTS (SELECT FROM massive_ai_audit_jobs j WHERE j.id = g.job_id AND j.status IN ('queued', 'running'))
RETURNING g.status;

-- name: note_agent_failure
INSERT INTO massive_ai_audit_errors (tenant_id, job_id, intercom_admin_id, run_no, error_message)
SELECT current_tenant(), g.job_id, g.intercom_admin_id, g.run_no, g.error_message
  FROM massive_ai_audit_progress g WHERE g.job_id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s AND g.status = 'failed'
ON CONFLICT ON CONSTRAINT massive_ai_audit_errors_once DO NOTHING;

-- name: start_running
UPDATE massive_ai_audit_jobs SET status = 'running' WHERE id = %(job_id)s AND status = 'queued' RETURNING id;

-- name: keep_reported
-- The seed's own report about a whole run: figures are kept as reported and never shown instead of counted ones.
UPDATE massive_ai_audit_jobs SET reported = reported || %(reported)s WHERE id = %(job_id)s RETURNING status;

-- name: never_started
SELECT count(*) FROM massive_ai_audit_progress WHERE job_id = %(job_id)s AND status = 'pending' AND dispatched_at IS NULL;

-- name: end_open_agents
-- A whole run was reported as completed: agents with results did their work, agents without did not.
WITH ended AS (
  UPDATE massive_ai_audit_progress g SET completed_at = now(),
    status = CASE WHEN EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id) THEN 'completed' ELSE 'failed' END,
    error_message = CASE WHEN EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id) THEN NULL ELSE %(error)s END
   WHERE g.job_id = %(job_id)s AND g.status IN ('pending', 'processing') RETURNING g.job_id, g.intercom_admin_id, g.run_no, g.status, g.error_message)
INSERT INTO massive_ai_audit_errors (tenant_id, job_id, intercom_admin_id, run_no, error_message)
SELECT current_tenant(), job_id, intercom_admin_id, run_no, error_message FROM ended WHERE status = 'failed'
ON CONFLICT ON CONSTRAINT massive_ai_audit_errors_once DO NOTHING;

-- name: abort_job
WITH job AS (
  UPDATE massive_ai_audit_jobs SET status = 'failed', error_message = %(error)s, completed_at = now(), outcome = 'aborted', paused_reason = NULL
   WHERE id = %(job_id)s AND status IN ('queued', 'running') RETURNING id),
agents AS (
  UPDATE massive_ai_audit_progress g SET status = 'failed', error_message = %(error)s, completed_at = now()
    FROM job WHERE g.job_id = job.id AND g.status IN ('pending', 'processing') RETURNING 1)
SELECT id FROM job;

-- name: close_job
-- The last agent has ended: close once, with the figures of this moment.
UPDATE massive_ai_audit_jobs j SET status = 'completed', completed_at = now(), paused_reason = NULL,
  outcome = CASE WHEN EXISTS (SELECT FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status = 'failed')
                   OR EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = j.id AND a.outcome = 'failed')
                 THEN 'completed_with_errors' ELSE 'completed' END,
  completed_agents = (SELECT count(*) FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status = 'completed'),
  completed_conversations = (SELECT count(*) FROM audit_assignments a WHERE a.massive_audit_job_id = j.id AND a.outcome = 'completed'),
  total_conversations = (SELECT sum(g.total_conversations) FROM massive_ai_audit_progress g WHERE g.job_id = j.id)
 WHERE j.id = %(job_id)s AND j.status IN ('queued', 'running')
   AND NOT EXISTS (SELECT FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status IN ('pending', 'processing'))
RETURNING j.id;

-- name: closing_facts
-- Whom to tell about a closed job: its creator, and each audited person with results of this run.
SELECT j.id, j.status, j.created_by, j.run_no, j.error_message, j.notify_me_when_done, j.notify_results_to_audited_people, s.name AS scorecard_name,
       (SELECT count(*) FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status = 'completed') AS agents_completed,
       (SELECT count(*) FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status = 'failed') AS agents_failed,
       (SELECT count(*) FROM audit_assignments a WHERE a.massive_audit_job_id = j.id AND a.outcome = 'completed') AS conversations,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('email', p.email, 'results', p.results)), '[]')
          FROM (SELECT lower(a.employee_email) AS email, count(*) AS results FROM audit_assignments a
                 WHERE a.massive_audit_job_id = j.id AND a.outcome = 'completed' AND a.run_no = j.run_no AND a.employee_email <> ''
                   AND a.verdict IS DISTINCT FROM 'held'
                 GROUP BY 1) p) AS people
  FROM massive_ai_audit_jobs j JOIN scorecards s ON s.id = j.scorecard_id WHERE j.id = %(job_id)s;

-- name: fail_silent
-- The watchdog: agents that gave no sign of life for too long, and agents whose message never came to anything.
WITH silent AS (
  SELECT g.job_id, g.intercom_admin_id, g.dispatched_at IS NULL AS never_started
    FROM massive_ai_audit_progress g JOIN massive_ai_audit_jobs j ON j.id = g.job_id
   WHERE j.status IN ('queued', 'running') AND j.paused_reason IS NULL AND g.status IN ('pending', 'processing')
     AND greatest(coalesce(g.dispatched_at, g.first_slot_at, g.slot_at), g.accepted_at, g.last_seen_at) < now() - make_interval(mins => %(minutes)s)
     AND NOT EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id
                        AND a.updated_at > now() - make_interval(mins => %(minutes)s))
   ORDER BY g.job_id, g.intercom_admin_id LIMIT 1000 FOR UPDATE OF g SKIP LOCKED),
failed AS (
  UPDATE massive_ai_audit_progress g SET status = 'failed', completed_at = now(),
    error_message = CASE WHEN silent.never_started THEN %(never)s ELSE %(silent)s END
    FROM silent WHERE g.job_id = silent.job_id AND g.intercom_admin_id = silent.intercom_admin_id
  RETURNING g.job_id, g.intercom_admin_id, g.run_no, g.error_message),
noted AS (
  INSERT INTO massive_ai_audit_errors (tenant_id, job_id, intercom_admin_id, run_no, error_message)
  SELECT current_tenant(), job_id, intercom_admin_id, run_no, error_message FROM failed
  ON CONFLICT ON CONSTRAINT massive_ai_audit_errors_once DO NOTHING)
SELECT job_id, intercom_admin_id FROM failed;

-- name: nudge_lost
-- Agents whose turn passed without a sign that anybody tried: their message was lost, or its worker. A new turn, at the pace.
WITH lost AS (
  SELECT g.job_id, g.intercom_admin_id, j.destination, row_number() OVER (PARTITION BY j.destination ORDER BY g.slot_at, g.intercom_admin_id) AS position
    FROM massive_ai_audit_progress g JOIN massive_ai_audit_jobs j ON j.id = g.job_id
   WHERE j.status IN ('queued', 'running') AND j.paused_reason IS NULL AND g.status = 'pending' AND g.accepted_at IS NULL
     AND greatest(g.slot_at, g.dispatched_at + make_interval(secs => %(grace)s), g.nudged_at) < now() - make_interval(secs => %(patience)s)
   LIMIT 500),
many AS (SELECT destination, count(*) AS agents FROM lost GROUP BY destination),
pace AS (
  UPDATE audit_pacing p SET next_slot = greatest(p.next_slot, now()) + make_interval(secs => %(gap)s * many.agents)
    FROM many WHERE p.destination = many.destination
  RETURNING p.destination, p.next_slot - make_interval(secs => %(gap)s * many.agents) AS first_slot),
agents AS (
  UPDATE massive_ai_audit_progress g SET first_slot_at = coalesce(g.first_slot_at, g.slot_at), nudged_at = now(),
         slot_at = pace.first_slot + make_interval(secs => %(gap)s * (lost.position - 1))
    FROM lost JOIN pace USING (destination)
   WHERE g.job_id = lost.job_id AND g.intercom_admin_id = lost.intercom_admin_id AND g.status = 'pending'
  RETURNING g.job_id, g.intercom_admin_id, g.run_no, g.slot_at)
INSERT INTO outbox (tenant_id, destination, payload, due_at)
SELECT current_tenant(), 'queue:trigger_agent',
       jsonb_build_object('job_id', job_id, 'intercom_admin_id', intercom_admin_id, 'run_no', run_no, 'not_before', slot_at),
       greatest(now(), slot_at - interval '900 seconds')
  FROM agents RETURNING id;

-- name: closable_jobs
-- Jobs whose agents have all ended, but whose closing was lost.
SELECT j.id FROM massive_ai_audit_jobs j WHERE j.status IN ('queued', 'running')
   AND NOT EXISTS (SELECT FROM massive_ai_audit_progress g WHERE g.job_id = j.id AND g.status IN ('pending', 'processing'));

-- name: finishable_agents
-- Agents that have all they announced, but whose finishing was lost with its worker.
SELECT g.job_id, g.intercom_admin_id FROM massive_ai_audit_progress g JOIN massive_ai_audit_jobs j ON j.id = g.job_id
 WHERE j.status IN ('queued', 'running') AND g.status IN ('pending', 'processing')
   AND g.total_conversations <= (SELECT count(*) FROM audit_assignments a WHERE a.massive_audit_job_id = g.job_id AND a.intercom_admin_id = g.intercom_admin_id);

-- name: tenant_limits
SELECT limits FROM tenants;

-- name: list_scorecards
SELECT s.id, s.name, s.version, v.criteria, v.pass_threshold, s.created_at, s.updated_at
  FROM scorecards s JOIN scorecard_versions v ON v.scorecard_id = s.id AND v.version = s.version
 WHERE s.archived_at IS NULL AND (%(after_name)s::text IS NULL OR (s.name, s.id) > (%(after_name)s::text, %(after)s::uuid))
 ORDER BY s.name, s.id LIMIT %(limit)s;

-- name: find_scorecard
-- The newest version, or the one asked for.
SELECT s.id, s.name, v.version, v.criteria, v.pass_threshold, s.created_at, s.updated_at
  FROM scorecards s JOIN scorecard_versions v ON v.scorecard_id = s.id AND v.version = coalesce(%(version)s::int, s.version)
 WHERE s.id = %(id)s;

-- name: create_scorecard
WITH card AS (INSERT INTO scorecards (id, tenant_id, name) VALUES (%(id)s, current_tenant(), %(name)s) RETURNING id, name, version, created_at, updated_at),
version AS (INSERT INTO scorecard_versions (scorecard_id, version, tenant_id, criteria, pass_threshold, created_by)
  SELECT id, version, current_tenant(), %(criteria)s, %(pass_threshold)s, current_setting('app.actor') FROM card RETURNING criteria, pass_threshold)
SELECT card.*, version.criteria, version.pass_threshold FROM card, version;

-- name: change_scorecard
-- A change is a new version; the old one stays as it judged.
WITH card AS (UPDATE scorecards SET name = %(name)s, version = version + 1, updated_at = now()
   WHERE id = %(id)s AND (%(version)s::int IS NULL OR version = %(version)s) RETURNING id, name, version, created_at, updated_at),
version AS (INSERT INTO scorecard_versions (scorecard_id, version, tenant_id, criteria, pass_threshold, created_by)
  SELECT id, version, current_tenant(), %(criteria)s, %(pass_threshold)s, current_setting('app.actor') FROM card RETURNING criteria, pass_threshold)
SELECT card.*, version.criteria, version.pass_threshold FROM card, version;

-- name: list_people
SELECT id, name, email, team, intercom_admin_id, active FROM employees
 WHERE active AND (NOT %(has_intercom)s OR intercom_admin_id IS NOT NULL)
   AND (%(after_name)s::text IS NULL OR (name, id) > (%(after_name)s::text, %(after)s::uuid))
 ORDER BY name, id LIMIT %(limit)s;

-- name: save_person
INSERT INTO employees AS e (id, tenant_id, name, email, team, intercom_admin_id)
VALUES (%(id)s, current_tenant(), %(name)s, lower(%(email)s), %(team)s, %(intercom_admin_id)s)
ON CONFLICT ON CONSTRAINT employees_intercom_unique DO UPDATE
  SET name = excluded.name, email = excluded.email, team = CASE WHEN excluded.team = '' THEN e.team ELSE excluded.team END, active = true, updated_at = now()
RETURNING id, name, email, team, intercom_admin_id, active;

-- name: list_audits
-- Audits one may see: all, or one's own (by e-mail) without what is held for a person.
SELECT a.id, a.conversation_id, a.intercom_admin_id, a.employee_email, a.employee_name, a.outcome, a.score, a.verdict, a.held_reason,
       a.ai_confidence_score, a.ai_notes, a.skipped_reason, a.late, a.created_at AS audited_at
  FROM audit_assignments a
 WHERE a.outcome = 'completed'
   AND (%(own)s::text IS NULL OR (lower(a.employee_email) = %(own)s AND a.verdict IS DISTINCT FROM 'held'))
   AND (%(person)s::text IS NULL OR lower(a.employee_email) = lower(%(person)s))
   AND (%(verdict)s::text IS NULL OR a.verdict = %(verdict)s)
   AND (%(job_id)s::uuid IS NULL OR a.massive_audit_job_id = %(job_id)s)
   AND (NOT %(disputed)s OR EXISTS (SELECT FROM audit_disputes d WHERE d.assignment_id = a.id AND d.status = 'open'))
   AND (%(at)s::timestamptz IS NULL OR (a.created_at, a.id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY a.created_at DESC, a.id DESC LIMIT %(limit)s;

-- name: find_audit
-- One audit with what judged it.
SELECT a.id, a.massive_audit_job_id AS job_id, a.conversation_id, a.intercom_admin_id, a.employee_email, a.employee_name, a.outcome, a.score,
       a.verdict, a.held_reason, coalesce(a.ai_score, a.score) AS ai_score, coalesce(a.ai_verdict, a.verdict) AS ai_verdict,
       a.ai_confidence_score, a.ai_notes, a.skipped_reason, a.late, a.created_at AS audited_at, a.audit_date,
       a.scorecard_id, a.scorecard_version, s.name AS scorecard_name, v.criteria AS card, v.pass_threshold,
       d.ai_scorecard_data, d.evidence, d.transcript, d.provenance, d.overrides
  FROM audit_assignments a
  JOIN scorecards s ON s.id = a.scorecard_id
  JOIN scorecard_versions v ON v.scorecard_id = a.scorecard_id AND v.version = a.scorecard_version
  JOIN audit_documents d ON d.assignment_id = a.id
 WHERE a.id = %(id)s;

-- name: disputes_of
SELECT id, assignment_id, opened_by, criteria, reason, status, resolution, changes, created_at, resolved_at, resolved_by
  FROM audit_disputes WHERE assignment_id = %(id)s ORDER BY created_at DESC;

-- name: reviews_of
SELECT reviewer, marks, note, created_at FROM audit_reviews WHERE assignment_id = %(id)s ORDER BY created_at;

-- name: open_dispute
INSERT INTO audit_disputes (id, tenant_id, assignment_id, opened_by, criteria, reason)
VALUES (%(id)s, current_tenant(), %(assignment_id)s, %(opened_by)s, %(criteria)s, %(reason)s)
RETURNING id, assignment_id, opened_by, criteria, reason, status, resolution, changes, created_at, resolved_at, resolved_by;

-- name: find_dispute
SELECT id, assignment_id, opened_by, criteria, reason, status, resolution, changes, created_at, resolved_at, resolved_by
  FROM audit_disputes WHERE id = %(id)s FOR UPDATE;

-- name: resolve_dispute
UPDATE audit_disputes SET status = %(status)s, resolution = %(resolution)s, changes = %(changes)s, resolved_at = now(), resolved_by = %(by)s
 WHERE id = %(id)s AND status = 'open'
RETURNING id, assignment_id, opened_by, criteria, reason, status, resolution, changes, created_at, resolved_at, resolved_by;

-- name: override_audit
-- What people decided counts from now on; what the AI said is kept beside it.
WITH document AS (
  UPDATE audit_documents SET overrides = overrides || %(overrides)s WHERE assignment_id = %(id)s)
UPDATE audit_assignments SET ai_score = coalesce(ai_score, score), ai_verdict = coalesce(ai_verdict, verdict), score = %(score)s,
  verdict = %(verdict)s, held_reason = NULL, updated_at = now() WHERE id = %(id)s;

-- name: save_review
INSERT INTO audit_reviews (tenant_id, assignment_id, reviewer, marks, note)
VALUES (current_tenant(), %(assignment_id)s, %(reviewer)s, %(marks)s, %(note)s)
ON CONFLICT ON CONSTRAINT audit_reviews_once DO UPDATE SET marks = excluded.marks, note = excluded.note, updated_at = now()
RETURNING reviewer, marks, note, created_at;

-- name: admins
SELECT email FROM members WHERE role IN ('admin', 'owner') AND status = 'active';

-- name: reviewed_pairs
-- Human and AI marks of the same audits, newest first.
SELECT r.assignment_id::text AS audit, r.marks, r.created_at, d.ai_scorecard_data, v.criteria
  FROM audit_reviews r JOIN audit_assignments a ON a.id = r.assignment_id JOIN audit_documents d ON d.assignment_id = a.id
  JOIN scorecard_versions v ON v.scorecard_id = a.scorecard_id AND v.version = a.scorecard_version
 WHERE r.created_at >= now() - make_interval(days => %(days)s) AND (%(scorecard_id)s::uuid IS NULL OR a.scorecard_id = %(scorecard_id)s)
 ORDER BY r.created_at DESC LIMIT 5000;

-- name: judge_usage
-- What judging one conversation took lately, all its calls together.
SELECT count(DISTINCT a.id) AS audits, sum((d.provenance->>'tokens_in')::bigint) AS tokens_in, sum((d.provenance->>'tokens_out')::bigint) AS tokens_out
  FROM (SELECT id FROM audit_assignments WHERE outcome = 'completed' ORDER BY created_at DESC LIMIT 200) a
  JOIN audit_documents d ON d.assignment_id = a.id AND d.provenance ? 'tokens_in';

-- Native engine, spend cap and second readings ------------------------------------------------------------------------

-- name: connected_kinds
SELECT DISTINCT kind FROM integrations;

-- name: native_facts
-- What a step of the native engine must know before it does anything.
SELECT j.status AS job_status, j.paused_reason, j.range_start, j.range_end, j.attribution, j.max_cost_usd, g.status AS agent_status, g.run_no
  FROM massive_ai_audit_jobs j JOIN massive_ai_audit_progress g ON g.job_id = j.id
 WHERE j.id = %(job_id)s AND g.intercom_admin_id = %(admin_id)s;

-- name: native_add_items
-- Listing again changes nothing; a new run gives what is still open new attempts.
INSERT INTO audit_native_items AS i (tenant_id, job_id, intercom_admin_id, conversation_id, run_no)
SELECT current_tenant(), %(job_id)s, %(admin_id)s, c, %(run_no)s FROM unnest(%(ids)s::text[]) AS c
ON CONFLICT (job_id, intercom_admin_id, conversation_id) DO UPDATE SET run_no = excluded.run_no, attempts = 0, leased_until = NULL, last_error = ''
 WHERE i.run_no < excluded.run_no;

-- name: native_still_working
-- Listing is a sign of life.
UPDATE massive_ai_audit_progress SET last_seen_at = now() WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s AND status IN ('pending', 'processing');

-- name: native_count
SELECT count(*) FROM audit_native_items WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s;

-- name: native_open_items
-- What has no result of this run yet: a failed result of an earlier run counts as open, everything else is done.
SELECT i.conversation_id, i.attempts, i.last_error, coalesce(i.leased_until > now(), false) AS leased
  FROM audit_native_items i
 WHERE i.job_id = %(job_id)s AND i.intercom_admin_id = %(admin_id)s
   AND NOT EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = i.job_id AND a.conversation_id = i.conversation_id
                      AND (a.outcome <> 'failed' OR a.run_no >= i.run_no))
 ORDER BY i.conversation_id;

-- name: native_own_results
SELECT count(*) FROM audit_assignments WHERE massive_audit_job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s;

-- name: native_claim
-- One worker at a time, only while the run goes on, and never what has its result.
UPDATE audit_native_items i SET leased_until = now() + make_interval(secs => %(seconds)s), attempts = i.attempts + 1
  FROM massive_ai_audit_jobs j, massive_ai_audit_progress g, scorecard_versions v
 WHERE i.job_id = %(job_id)s AND i.intercom_admin_id = %(admin_id)s AND i.conversation_id = %(conversation_id)s
   AND j.id = i.job_id AND j.status IN ('queued', 'running') AND j.paused_reason IS NULL
   AND g.job_id = i.job_id AND g.intercom_admin_id = i.intercom_admin_id AND g.status IN ('pending', 'processing') AND g.run_no = %(run_no)s
   AND v.scorecard_id = j.scorecard_id AND v.version = j.scorecard_version
   AND (i.leased_until IS NULL OR i.leased_until < now())
   AND NOT EXISTS (SELECT FROM audit_assignments a WHERE a.massive_audit_job_id = i.job_id AND a.conversation_id = i.conversation_id
                      AND (a.outcome <> 'failed' OR a.run_no >= i.run_no))
RETURNING j.scorecard_id, j.scorecard_version, v.criteria, v.pass_threshold, j.attribution, j.created_by, i.attempts;

-- name: native_release
-- Not judged this time: when again, and whether it counts as a try.
UPDATE audit_native_items SET leased_until = now() + make_interval(secs => %(seconds)s), attempts = greatest(0, attempts - %(give_back)s), last_error = %(error)s
 WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s AND conversation_id = %(conversation_id)s;

-- name: native_drop
-- Not this person's conversation after all: it is nobody's failure and leaves the total.
DELETE FROM audit_native_items WHERE job_id = %(job_id)s AND intercom_admin_id = %(admin_id)s AND conversation_id = %(conversation_id)s;

-- name: pause_job
-- The money is used up. The run stays running, its clock stops, and how much was left is kept to notice when there is more.
UPDATE massive_ai_audit_jobs SET paused_reason = 'spend_cap', paused_at = now(), reported = reported || jsonb_build_object('pause', %(pause)s::jsonb)
 WHERE id = %(job_id)s AND status IN ('queued', 'running') AND paused_reason IS NULL RETURNING id;

-- name: pause_note
SELECT reported -> 'pause' FROM massive_ai_audit_jobs WHERE id = %(job_id)s AND paused_reason = 'spend_cap' AND status IN ('queued', 'running');

-- name: resume_job
-- Goes on; nobody has been silent while the clock stood still.
WITH job AS (
  UPDATE massive_ai_audit_jobs SET paused_reason = NULL, paused_at = NULL, reported = reported - 'pause'
   WHERE id = %(job_id)s AND paused_reason = 'spend_cap' AND status IN ('queued', 'running') RETURNING id),
agents AS (
  UPDATE massive_ai_audit_progress g SET last_seen_at = now() FROM job WHERE g.job_id = job.id AND g.status IN ('pending', 'processing') RETURNING 1)
SELECT id FROM job;

-- name: set_max_cost
UPDATE massive_ai_audit_jobs SET max_cost_usd = %(cap)s WHERE id = %(job_id)s AND status IN ('queued', 'running') RETURNING id;

-- name: audit_for_second_reading
-- An audit as another engine judged it, if it is still as it was when the second reading was asked for.
SELECT a.id, a.intercom_admin_id, a.score, a.verdict, a.held_reason, a.ai_confidence_score, a.ai_notes, d.ai_scorecard_data, d.evidence, d.transcript,
       d.provenance, v.criteria, v.pass_threshold, a.scorecard_id, a.scorecard_version
  FROM audit_assignments a JOIN audit_documents d ON d.assignment_id = a.id
  JOIN scorecard_versions v ON v.scorecard_id = a.scorecard_id AND v.version = a.scorecard_version
 WHERE a.massive_audit_job_id = %(job_id)s AND a.conversation_id = %(conversation_id)s
   AND a.revision = %(revision)s AND a.audit_date = %(audit_date)s AND a.outcome = 'completed';

-- name: settle_second_reading
-- Only what nobody has replaced or decided since. A held audit stays held unless the reading freed it.
WITH audit AS (
  UPDATE audit_assignments a SET score = %(score)s, verdict = %(verdict)s, held_reason = %(held_reason)s,
         ai_confidence_score = %(confidence)s, ai_notes = %(notes)s, updated_at = now()
   WHERE a.id = %(id)s AND a.revision = %(revision)s AND a.audit_date = %(audit_date)s AND a.ai_verdict IS NULL
     AND a.verdict IS NOT DISTINCT FROM %(was)s
  RETURNING a.id)
UPDATE audit_documents d SET ai_scorecard_data = %(values)s, evidence = %(evidence)s, transcript = %(transcript)s, provenance = %(provenance)s
  FROM audit WHERE d.assignment_id = audit.id RETURNING d.assignment_id;

-- name: sync_people
-- New teammates, and known ones whose name or address differs. What people typed here and Intercom does not know stays.
INSERT INTO employees AS e (tenant_id, name, email, intercom_admin_id)
SELECT current_tenant(), p.name, lower(p.email), p.id FROM unnest(%(ids)s::text[], %(names)s::text[], %(emails)s::text[]) AS p (id, name, email)
ON CONFLICT ON CONSTRAINT employees_intercom_unique DO UPDATE SET name = excluded.name,
  email = CASE WHEN excluded.email = '' THEN e.email ELSE excluded.email END, active = true, updated_at = now()
 WHERE (e.name, e.active) IS DISTINCT FROM (excluded.name, true) OR (excluded.email <> '' AND e.email <> excluded.email)
RETURNING (xmax = 0);

-- name: second_reading_gave_up
UPDATE audit_assignments SET held_reason = replace(held_reason, 'It is being read again without that line.', 'Reading it again without that line failed.'), updated_at = now()
 WHERE massive_audit_job_id = %(job_id)s AND conversation_id = %(conversation_id)s AND verdict = 'held';

-- name: audited_ids
SELECT a.conversation_id FROM audit_assignments a
 WHERE a.massive_audit_job_id = %(job_id)s AND a.conversation_id > %(after)s
 ORDER BY a.conversation_id LIMIT %(limit)s;

-- name: audited
SELECT a.conversation_id, d.transcript FROM audit_assignments a LEFT JOIN audit_documents d ON d.assignment_id = a.id
 WHERE a.massive_audit_job_id = %(job_id)s AND a.conversation_id = %(conversation_id)s;
