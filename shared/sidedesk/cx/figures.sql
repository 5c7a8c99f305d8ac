-- Figures, health, calibration and experiments: they read what the pipeline wrote.

-- Figures -------------------------------------------------------------------------------------------------------------
-- Days are those of a zone. A row without a day is the whole period.

-- name: figures_options
SELECT timezone, options FROM tenants;

-- name: figures_replies
-- Public replies, and how long the customer had waited: since the first message that nobody had answered. Waits that are too long
-- by the clock on the wall come one by one: whether the hours were open then is for the calendar to say.
WITH promise AS (SELECT coalesce((options #>> '{cx,sla_minutes}')::float8, %(sla_minutes)s::float8) * 60 AS most FROM tenants),
replies AS MATERIALIZED (
  -- Ours as we sent them, whether or not Chatwoot told us of them; everything else is somebody's own.
  -- They are looked up by their gradings, which are indexed by time; nothing is sent weeks after it was approved.
  SELECT r.conversation_id, r.message_id, r.sent_at AS at, true AS drafted FROM customer_reply_grading g JOIN cx_replies r ON r.draft_id = g.draft_id
   WHERE g.graded_at >= %(since)s::timestamptz - interval '14 days' AND g.approved AND r.status = 'sent' AND r.sent_at >= %(since)s
  UNION ALL
  SELECT conversation_id, message_id, written_at, false FROM cx_messages
   WHERE direction = 'outgoing' AND written_at >= %(since)s AND post_id IS NULL AND machine = '' AND NOT deleted),
timed AS (
  SELECT r.at, r.drafted, asked.at AS asked, (r.at AT TIME ZONE %(zone)s)::date AS day, extract(epoch FROM r.at - asked.at)::float8 AS seconds
    FROM replies r JOIN cx_conversations c ON c.conversation_id = r.conversation_id
    CROSS JOIN LATERAL (
      SELECT coalesce(max(e.message_id), 0) AS id FROM cx_messages e
       WHERE e.conversation_id = r.conversation_id AND e.message_id < r.message_id AND e.direction = 'outgoing' AND e.machine = '' AND NOT e.deleted) earlier
    CROSS JOIN LATERAL (
      SELECT min(a.written_at) AS at FROM cx_messages a
       WHERE a.conversation_id = r.conversation_id AND a.message_id > earlier.id AND a.message_id < r.message_id
         AND a.direction = 'incoming' AND a.machine = '' AND NOT a.deleted) asked
   WHERE %(channel)s::text IS NULL OR c.channel = %(channel)s)
SELECT g.day, g.replies, g.drafted, g.responses, g.mean, g.median, g.p90,
       CASE WHEN g.day IS NULL THEN g.late_asked END AS late_asked, CASE WHEN g.day IS NULL THEN g.late_at END AS late_at
  FROM (SELECT day, count(*) AS replies, count(*) FILTER (WHERE drafted) AS drafted, count(seconds) AS responses, avg(seconds) AS mean,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median, percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) AS p90,
               array_agg(asked) FILTER (WHERE seconds > most) AS late_asked, array_agg(at) FILTER (WHERE seconds > most) AS late_at
          FROM timed, promise GROUP BY GROUPING SETS ((day), ())) g;

-- name: figures_overdue
-- Customers who wait still, longer than the promise by the clock on the wall.
SELECT waiting_since FROM cx_conversations
 WHERE waiting_since >= %(since)s AND status = 'open' AND (%(channel)s::text IS NULL OR channel = %(channel)s)
   AND waiting_since < %(now)s::timestamptz - (SELECT make_interval(mins => coalesce((options #>> '{cx,sla_minutes}')::int, %(sla_minutes)s)) FROM tenants);

-- name: figures_grades
-- Decisions: their marks, and how much people changed of what they approved.
SELECT (g.graded_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS decisions,
       avg(g.tone)::float8 AS tone, avg(g.accuracy)::float8 AS accuracy, avg(g.policy)::float8 AS policy,
       avg((g.tone + g.accuracy + g.policy) / 3.0)::float8 AS overall,
       count(*) FILTER (WHERE g.approved) AS approved, count(*) FILTER (WHERE g.approved AND g.edit_ratio <= %(light)s) AS light,
       count(g.edit_ratio) FILTER (WHERE g.approved) AS measured,
       avg(g.edit_distance) FILTER (WHERE g.approved)::float8 AS edit_distance, avg(g.edit_ratio) FILTER (WHERE g.approved)::float8 AS edit_ratio
  FROM customer_reply_grading g JOIN cx_drafts d ON d.id = g.draft_id JOIN cx_conversations c ON c.conversation_id = d.conversation_id
 WHERE g.graded_at >= %(since)s AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)
 GROUP BY GROUPING SETS ((1), ());

-- name: figures_edits
-- Approved replies by how much of the draft was changed, in tenths.
SELECT least(width_bucket(g.edit_ratio::float8, 0, 1, 10), 10) AS tenth, count(*) AS replies
  FROM customer_reply_grading g JOIN cx_drafts d ON d.id = g.draft_id JOIN cx_conversations c ON c.conversation_id = d.conversation_id
 WHERE g.graded_at >= %(since)s AND g.approved AND g.edit_ratio IS NOT NULL AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)
 GROUP BY 1;

-- name: figures_approvals
-- From note to approval. Who approved in the console before the note was out had seen the draft since it was made.
WITH timed AS (
  SELECT (r.approved_at AT TIME ZONE %(zone)s)::date AS day,
         extract(epoch FROM r.approved_at - CASE WHEN n.posted_at <= r.approved_at THEN n.posted_at ELSE least(d.created_at, r.approved_at) END)::float8 AS seconds
    FROM customer_reply_grading g JOIN cx_replies r ON r.draft_id = g.draft_id JOIN cx_drafts d ON d.id = r.draft_id
    LEFT JOIN cx_notes n ON n.draft_id = r.draft_id JOIN cx_conversations c ON c.conversation_id = r.conversation_id
   WHERE g.graded_at >= %(since)s AND g.approved AND (%(channel)s::text IS NULL OR c.channel = %(channel)s))
SELECT day, count(*) AS approvals, avg(seconds) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
  FROM timed GROUP BY GROUPING SETS ((day), ());

-- name: figures_latency
-- From the delivery to the private note. A draft that a person asked for answers no delivery.
SELECT count(*) AS notes, avg(s.seconds) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds) AS median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY s.seconds) AS p90
  FROM (SELECT extract(epoch FROM n.posted_at - d.wanted_at)::float8 AS seconds
          FROM cx_drafts d JOIN cx_notes n ON n.draft_id = d.id JOIN cx_conversations c ON c.conversation_id = d.conversation_id
         WHERE d.created_at >= %(since)s AND n.posted_at IS NOT NULL AND d.instruction = ''
           AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)) s;

-- name: figures_queue
SELECT (SELECT count(*) FROM cx_conversations WHERE waiting_since IS NOT NULL AND status = 'open') AS waiting,
       (SELECT count(*) FROM cx_drafts WHERE status = 'pending') AS pending;

-- Health --------------------------------------------------------------------------------------------------------------

-- name: keep_probe
-- A visit's outcome, and what the one before said. Old visits are forgotten on the way.
WITH before AS (
  SELECT ok FROM cx_probes WHERE integration_id = %(integration_id)s ORDER BY probed_at DESC LIMIT 1),
last_good AS (
  SELECT id FROM cx_probes WHERE integration_id = %(integration_id)s AND ok ORDER BY probed_at DESC LIMIT 1),
kept AS (
  INSERT INTO cx_probes (tenant_id, integration_id, ok, result, probed_at)
  VALUES (current_tenant(), %(integration_id)s, %(ok)s, %(result)s, %(at)s) RETURNING ok),
dropped AS (DELETE FROM cx_probes WHERE integration_id = %(integration_id)s AND probed_at < %(at)s::timestamptz - interval '14 days')
SELECT kept.ok AS ok, (SELECT ok FROM before) AS ok_before, (SELECT id FROM last_good) AS last_good FROM kept;

-- name: admins
SELECT email FROM members WHERE status = 'active' AND role IN ('admin', 'owner') ORDER BY email;

-- name: health_probes
-- Each integration's newest visit, and how many of the last day's went well.
SELECT p.integration_id, p.ok, p.result, p.probed_at, day.visits, day.up
  FROM (SELECT DISTINCT ON (integration_id) integration_id, ok, result, probed_at FROM cx_probes ORDER BY integration_id, probed_at DESC) p
  CROSS JOIN LATERAL (
    SELECT count(*) AS visits, count(*) FILTER (WHERE q.ok) AS up FROM cx_probes q
     WHERE q.integration_id = p.integration_id AND q.probed_at > %(now)s::timestamptz - interval '24 hours') day;

-- name: health_sweeps
SELECT s.integration_id, s.since, s.conversations, s.messages, s.missed, s.problem, s.started_at, s.finished_at
  FROM integrations i CROSS JOIN LATERAL (
    SELECT * FROM cx_sweeps w WHERE w.integration_id = i.id ORDER BY w.started_at DESC LIMIT 1) s
 WHERE i.kind = 'chatwoot';

-- name: list_missed
-- Customers' messages that no webhook told of, though webhooks had begun to come when they were written.
WITH began AS MATERIALIZED (
  -- Message ids grow, so the first deliveries are among the first messages that were told.
  SELECT i.id AS integration_id, (
    SELECT min(f.received_at) FROM (
      SELECT m.received_at FROM cx_messages m WHERE m.integration_id = i.id AND m.told ORDER BY m.message_id LIMIT 100) f) AS at
    FROM integrations i WHERE i.kind = 'chatwoot')
SELECT m.integration_id, m.message_id, m.conversation_id, c.display_id AS chatwoot_conversation, m.author, left(m.content, 500) AS text,
       m.written_at, m.received_at, m.found_by, c.last_reply_id > m.message_id AS answered
  FROM cx_messages m JOIN began b ON b.integration_id = m.integration_id JOIN cx_conversations c ON c.conversation_id = m.conversation_id
 WHERE m.direction = 'incoming' AND NOT m.told AND NOT m.deleted AND m.written_at > b.at
   AND (%(since)s::timestamptz IS NULL OR m.received_at >= %(since)s)
   AND (%(at)s::timestamptz IS NULL OR (m.received_at, m.message_id) < (%(at)s::timestamptz, %(after)s::bigint))
 ORDER BY m.received_at DESC, m.message_id DESC LIMIT %(limit)s;

-- Calibration ---------------------------------------------------------------------------------------------------------

-- name: gold_next
-- What this reviewer has not graded yet, oldest first, without the marks it should get.
SELECT i.id, i.customer_message, i.reply FROM cx_gold_items i
 WHERE i.retired_at IS NULL AND NOT EXISTS (SELECT FROM cx_gold_grades g WHERE g.item_id = i.id AND g.reviewer = %(reviewer)s)
 ORDER BY i.created_at, i.id LIMIT %(limit)s;

-- name: gold_counts
SELECT count(*) AS items, count(g.item_id) AS graded
  FROM cx_gold_items i LEFT JOIN cx_gold_grades g ON g.item_id = i.id AND g.reviewer = %(reviewer)s
 WHERE i.retired_at IS NULL;

-- name: gold_pairs
-- Every blind grade beside the gold marks. Without a reviewer, everybody's.
SELECT g.reviewer, g.tone, g.accuracy, g.policy, i.tone AS gold_tone, i.accuracy AS gold_accuracy, i.policy AS gold_policy
  FROM cx_gold_grades g JOIN cx_gold_items i ON i.id = g.item_id
 WHERE %(reviewer)s::text IS NULL OR g.reviewer = %(reviewer)s ORDER BY g.reviewer, g.graded_at;

-- name: recent_marks
-- The newest marks of each reviewer on real drafts.
SELECT r.graded_by, r.tone, r.accuracy, r.policy FROM (
  SELECT graded_by, tone, accuracy, policy, graded_at, row_number() OVER (PARTITION BY graded_by ORDER BY graded_at DESC) AS place
    FROM customer_reply_grading WHERE graded_at > %(now)s::timestamptz - interval '30 days') r
 WHERE r.place <= %(count)s AND (%(reviewer)s::text IS NULL OR r.graded_by = %(reviewer)s) ORDER BY r.graded_by, r.graded_at DESC;

-- name: insert_gold
INSERT INTO cx_gold_items (id, tenant_id, customer_message, reply, tone, accuracy, policy, why, created_by)
VALUES (%(id)s, current_tenant(), %(customer_message)s, %(reply)s, %(tone)s, %(accuracy)s, %(policy)s, %(why)s, %(who)s)
ON CONFLICT (id) DO NOTHING RETURNING true;

-- name: graded_draft
SELECT d.customer_message, g.draft_reply AS reply, g.tone, g.accuracy, g.policy, c.contact,
       (SELECT array_agg(DISTINCT m.author) FROM cx_messages m WHERE m.conversation_id = d.conversation_id AND m.author <> '') AS people
  FROM customer_reply_grading g JOIN cx_drafts d ON d.id = g.draft_id JOIN cx_conversations c ON c.conversation_id = d.conversation_id
 WHERE g.draft_id = %(draft_id)s;

-- name: gold_item
SELECT id, customer_message, reply, tone, accuracy, policy, why, created_by, created_at, retired_at FROM cx_gold_items WHERE id = %(id)s;

-- name: list_gold
SELECT id, customer_message, reply, tone, accuracy, policy, why, created_by, created_at, retired_at FROM cx_gold_items
 WHERE retired_at IS NULL AND (%(at)s::timestamptz IS NULL OR (created_at, id) < (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s;

-- name: grade_gold
-- Once per reviewer; grades given blind are not given again.
INSERT INTO cx_gold_grades (item_id, reviewer, tenant_id, tone, accuracy, policy)
SELECT i.id, %(reviewer)s, i.tenant_id, %(tone)s, %(accuracy)s, %(policy)s FROM cx_gold_items i WHERE i.id = %(id)s AND i.retired_at IS NULL
ON CONFLICT (item_id, reviewer) DO NOTHING RETURNING true;

-- name: retire_gold
UPDATE cx_gold_items SET retired_at = now() WHERE id = %(id)s AND retired_at IS NULL RETURNING true;

-- Experiments ---------------------------------------------------------------------------------------------------------

-- name: insert_experiment
INSERT INTO cx_experiments (id, tenant_id, name, hypothesis, variants, started_by)
VALUES (%(id)s, current_tenant(), %(name)s, %(hypothesis)s, %(variants)s, %(who)s) ON CONFLICT (id) DO NOTHING RETURNING true;

-- name: stop_experiment
UPDATE cx_experiments SET stopped_at = now(), stopped_by = %(who)s, winner = %(winner)s WHERE id = %(id)s AND stopped_at IS NULL RETURNING true;

-- name: find_experiment
SELECT id, name, hypothesis, variants, started_by, started_at, stopped_by, stopped_at, winner FROM cx_experiments WHERE id = %(id)s;

-- name: list_experiments
SELECT id, name, hypothesis, variants, started_by, started_at, stopped_by, stopped_at, winner FROM cx_experiments
 WHERE %(at)s::timestamptz IS NULL OR (started_at, id) < (%(at)s::timestamptz, %(after)s::uuid)
 ORDER BY started_at DESC, id DESC LIMIT %(limit)s;

-- name: experiment_outcomes
-- What became of each variant's drafts. A draft has one outcome: what a person decided, or what an agent wrote instead.
SELECT d.experiment_id, d.variant, count(*) AS drafts, count(*) FILTER (WHERE d.status = 'sent') AS sent,
       count(*) FILTER (WHERE s.kind = 'approved') AS approved, count(*) FILTER (WHERE s.kind = 'rejected') AS rejected,
       count(*) FILTER (WHERE s.kind = 'regenerated') AS regenerated, count(*) FILTER (WHERE s.kind = 'answered_manually') AS answered_manually,
       count(*) FILTER (WHERE s.kind = 'approved' AND s.edit_ratio <= %(light)s) AS light,
       count(s.edit_ratio) FILTER (WHERE s.kind = 'approved') AS measured,
       avg(s.edit_ratio) FILTER (WHERE s.kind = 'approved')::float8 AS edit_ratio,
       coalesce(stddev_samp(s.edit_ratio) FILTER (WHERE s.kind = 'approved'), 0)::float8 AS edit_deviation,
       count(s.tone) AS graded, avg(s.tone)::float8 AS tone, avg(s.accuracy)::float8 AS accuracy, avg(s.policy)::float8 AS policy
  FROM cx_drafts d LEFT JOIN LATERAL (
    SELECT * FROM cx_learning_signals l WHERE l.draft_id = d.id
     ORDER BY array_position(ARRAY['approved', 'rejected', 'regenerated', 'answered_manually'], l.kind) LIMIT 1) s ON true
 WHERE d.experiment_id = ANY(%(ids)s::uuid[]) GROUP BY d.experiment_id, d.variant;

-- Export of learning signals ------------------------------------------------------------------------------------------

-- name: export_signals
-- Oldest first, with everybody who wrote in the conversation, so that their names can be taken out.
SELECT s.id, s.kind, s.customer_message, s.draft_reply, s.human_reply, s.created_at, c.contact,
       (SELECT array_agg(DISTINCT m.author) FROM cx_messages m WHERE m.conversation_id = s.conversation_id AND m.author <> '') AS people
  FROM cx_learning_signals s LEFT JOIN cx_conversations c ON c.conversation_id = s.conversation_id
 WHERE s.kind = ANY(%(kinds)s) AND s.customer_message <> '' AND coalesce(nullif(s.human_reply, ''), CASE WHEN s.kind = 'rejected' THEN nullif(s.draft_reply, '') END) IS NOT NULL
   AND (%(since)s::timestamptz IS NULL OR s.created_at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR s.created_at < %(until)s)
   AND (%(min_grade)s::int IS NULL OR least(s.tone, s.accuracy, s.policy) >= %(min_grade)s)
   AND (%(at)s::timestamptz IS NULL OR (s.created_at, s.id) > (%(at)s::timestamptz, %(after)s::uuid))
 ORDER BY s.created_at, s.id LIMIT %(limit)s;
