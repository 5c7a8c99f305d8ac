-- What comes in -------------------------------------------------------------------------------------------------------

-- name: know_conversation
-- A conversation as a delivery describes it; an older description never overwrites a newer one.
INSERT INTO cx_conversations AS c (conversation_id, tenant_id, integration_id, display_id, status, status_at, channel, contact, plan)
VALUES (%(conversation_id)s, current_tenant(), %(integration_id)s, %(display_id)s, %(status)s, %(status_at)s, %(channel)s, %(contact)s, %(plan)s)
ON CONFLICT (conversation_id) DO UPDATE SET
  status = excluded.status, status_at = excluded.status_at, channel = excluded.channel, plan = excluded.plan, updated_at = now(),
  contact = CASE WHEN excluded.contact = '{}' THEN c.contact ELSE excluded.contact END
 WHERE c.status_at <= excluded.status_at;

-- name: take_incoming
-- A customer's message, once. It moves the watermark, starts the clock and wishes for a draft when the burst is over.
WITH taken AS (
  INSERT INTO cx_messages (tenant_id, integration_id, message_id, conversation_id, direction, author, content, content_type, attachments,
                           written_at, machine, deleted, found_by, told)
  VALUES (current_tenant(), %(integration_id)s, %(message_id)s, %(conversation_id)s, 'incoming', %(author)s, %(content)s, %(content_type)s,
          %(attachments)s, %(written_at)s, %(machine)s, %(deleted)s, %(found_by)s, %(found_by)s = 'webhook')
  ON CONFLICT (tenant_id, integration_id, message_id) DO UPDATE SET told = true WHERE NOT cx_messages.told AND excluded.told
  RETURNING xmax = 0 AS fresh),
burst AS (
  SELECT min(m.received_at) AS began FROM cx_messages m JOIN cx_conversations c ON c.conversation_id = m.conversation_id
   WHERE m.conversation_id = %(conversation_id)s AND m.direction = 'incoming' AND m.machine = '' AND m.message_id > greatest(c.drafted_up_to, c.last_reply_id))
UPDATE cx_conversations c SET
  last_incoming_id = greatest(c.last_incoming_id, %(message_id)s),
  last_incoming_at = greatest(c.last_incoming_at, %(written_at)s::timestamptz),
  waiting_since = CASE WHEN %(message_id)s > c.last_reply_id THEN least(c.waiting_since, %(written_at)s::timestamptz) ELSE c.waiting_since END,
  sla_due_at = CASE WHEN %(message_id)s > c.last_reply_id THEN least(c.sla_due_at, %(sla_due_at)s::timestamptz) ELSE c.sla_due_at END,
  sla_alerted_at = CASE WHEN %(message_id)s > c.last_reply_id AND c.waiting_since IS NULL THEN NULL ELSE c.sla_alerted_at END,
  draft_due_at = CASE
    WHEN %(message_id)s <= greatest(c.drafted_up_to, c.last_reply_id) OR c.status <> 'open' OR NOT %(wanted)s THEN c.draft_due_at
    -- Somebody who writes on and on is still answered after a few bursts' time.
    ELSE least(now() + make_interval(secs => %(debounce)s), greatest(now(), coalesce(b.began, now()) + make_interval(secs => 5 * %(debounce)s))) END,
  draft_attempts = 0, draft_problem = NULL, updated_at = now()
  FROM taken, burst b
 WHERE c.conversation_id = %(conversation_id)s AND taken.fresh AND %(machine)s = '' AND NOT %(deleted)s
RETURNING c.conversation_id, c.draft_due_at;

-- name: take_other
-- A message that nobody has to answer: an agent's, a note, one of ours. False when it was known.
INSERT INTO cx_messages (tenant_id, integration_id, message_id, conversation_id, direction, author, content, content_type, attachments,
                         written_at, machine, post_id, deleted, found_by, told)
VALUES (current_tenant(), %(integration_id)s, %(message_id)s, %(conversation_id)s, %(direction)s, %(author)s, %(content)s, %(content_type)s,
        %(attachments)s, %(written_at)s, %(machine)s, %(post_id)s, %(deleted)s, %(found_by)s, %(found_by)s = 'webhook')
ON CONFLICT DO NOTHING RETURNING true;

-- name: answered
-- A public answer of a person, or of ours: whoever waited no longer does, unless they wrote again after it.
UPDATE cx_conversations SET
  last_reply_id = greatest(last_reply_id, %(message_id)s),
  waiting_since = CASE WHEN %(message_id)s > last_incoming_id THEN NULL ELSE waiting_since END,
  sla_due_at = CASE WHEN %(message_id)s > last_incoming_id THEN NULL ELSE sla_due_at END,
  draft_due_at = CASE WHEN %(message_id)s > last_incoming_id THEN NULL ELSE draft_due_at END, updated_at = now()
 WHERE conversation_id = %(conversation_id)s AND last_reply_id < %(message_id)s;

-- name: close_as_manual
-- An agent answered by hand: the draft leaves the queue, and what they wrote instead is worth learning from.
WITH closed AS (
  UPDATE cx_drafts SET status = 'answered_manually', decided_at = now(), decided_by = %(author)s, closed_reason = 'An agent answered in Chatwoot.'
   WHERE conversation_id = %(conversation_id)s AND status = 'pending' AND last_message_id < %(message_id)s
  RETURNING *)
INSERT INTO cx_learning_signals (tenant_id, kind, draft_id, conversation_id, customer_message, draft_reply, human_reply, graded_by,
                                 rag_sources, confidence, prompt_version, variant, experiment_id)
SELECT tenant_id, 'answered_manually', id, conversation_id, customer_message, reply, %(content)s, %(author)s, sources, confidence,
       prompt_version, variant, experiment_id
  FROM closed
ON CONFLICT ON CONSTRAINT cx_learning_signals_once DO NOTHING;

-- name: set_status
-- The conversation changed state in Chatwoot. Once it is open again, a message that nobody answered is still owed a draft.
UPDATE cx_conversations SET
  status = %(status)s, status_at = %(status_at)s, updated_at = now(),
  draft_due_at = CASE WHEN %(status)s <> 'open' THEN NULL
                      WHEN %(wanted)s AND last_incoming_id > greatest(drafted_up_to, last_reply_id) THEN coalesce(draft_due_at, now())
                      ELSE draft_due_at END
 WHERE conversation_id = %(conversation_id)s AND status_at <= %(status_at)s::timestamptz
RETURNING conversation_id, draft_due_at;

-- name: close_resolved
UPDATE cx_drafts SET status = 'closed', decided_at = now(), closed_reason = 'The conversation was closed in Chatwoot.'
 WHERE conversation_id = %(conversation_id)s AND status = 'pending'
   AND EXISTS (SELECT FROM cx_conversations c WHERE c.conversation_id = %(conversation_id)s AND c.status = 'resolved');

-- name: forget_message
-- Deleted in Chatwoot: the words go here too, and a draft that answers them leaves the queue.
WITH gone AS (
  UPDATE cx_messages SET deleted = true, content = ''
   WHERE integration_id = %(integration_id)s AND message_id = %(message_id)s AND NOT deleted RETURNING conversation_id, message_id)
UPDATE cx_drafts d SET status = 'closed', decided_at = now(), closed_reason = 'The message was deleted in Chatwoot.'
  FROM gone WHERE d.conversation_id = gone.conversation_id AND d.last_message_id = gone.message_id AND d.status = 'pending';

-- name: saw_reply
-- One of our replies, seen in Chatwoot: it is out, whatever became of whoever sent it.
WITH seen AS (
  UPDATE cx_replies SET status = 'sent', message_id = %(message_id)s, sent_at = %(written_at)s, leased_until = NULL
   WHERE post_id = %(post_id)s AND status = 'sending' RETURNING draft_id, sent_at)
UPDATE cx_drafts d SET status = 'sent', sent_at = seen.sent_at, send_problem = '' FROM seen WHERE d.id = seen.draft_id RETURNING d.id;

-- name: saw_note
UPDATE cx_notes SET status = 'posted', message_id = %(message_id)s, posted_at = coalesce(posted_at, %(written_at)s), leased_until = NULL, problem = ''
 WHERE post_id = %(post_id)s AND status = 'waiting';

-- Drafting ------------------------------------------------------------------------------------------------------------

-- name: claim_wish
-- Take up a conversation's wish, if its time has come, nobody is at it, and nothing is on its way out.
UPDATE cx_conversations c SET drafting_by = %(worker)s, drafting_until = now() + make_interval(secs => %(lease)s), draft_attempts = draft_attempts + 1
 WHERE c.conversation_id = %(conversation_id)s AND c.draft_due_at <= now() AND (c.drafting_until IS NULL OR c.drafting_until < now())
RETURNING c.integration_id, c.display_id, c.status, c.channel, c.contact, c.plan, c.last_incoming_id, c.last_reply_id, c.drafted_up_to,
          c.waiting_since, c.sla_due_at, c.paused_until, c.summary, c.summary_up_to, c.draft_attempts,
          c.wish_instruction, c.wish_by, c.wish_instead_of,
          EXISTS (SELECT FROM cx_drafts d WHERE d.conversation_id = c.conversation_id AND d.status = 'sending') AS sending,
          (SELECT count(*) FROM cx_drafts d WHERE d.conversation_id = c.conversation_id AND d.instruction = '' AND d.created_at > now() - interval '1 hour') AS recent,
          (SELECT min(m.received_at) FROM cx_messages m WHERE m.conversation_id = c.conversation_id AND m.direction = 'incoming' AND m.machine = ''
              AND m.message_id > greatest(c.drafted_up_to, c.last_reply_id)) AS wanted_at;

-- name: drop_wish
-- No draft is called for; a wish that came meanwhile stays.
UPDATE cx_conversations SET drafting_by = NULL, drafting_until = NULL, draft_problem = %(reason)s, wish_instruction = '', wish_by = '', wish_instead_of = NULL,
  drafted_up_to = CASE WHEN %(settled)s THEN greatest(drafted_up_to, %(up_to)s) ELSE drafted_up_to END,
  draft_due_at = CASE WHEN last_incoming_id > %(up_to)s AND %(settled)s THEN draft_due_at ELSE NULL END
 WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s;

-- name: defer_wish
UPDATE cx_conversations SET drafting_by = NULL, drafting_until = NULL, draft_problem = %(reason)s, draft_due_at = now() + make_interval(secs => %(seconds)s)
 WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s RETURNING draft_due_at;

-- name: release_wish
-- Overtaken by a newer message: its wish is the next worker's.
UPDATE cx_conversations SET drafting_by = NULL, drafting_until = NULL WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s;

-- name: pause_conversation
UPDATE cx_conversations SET drafting_by = NULL, drafting_until = NULL, paused_until = now() + make_interval(mins => %(minutes)s),
  draft_due_at = now() + make_interval(mins => %(minutes)s), draft_problem = %(reason)s
 WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s RETURNING paused_until;

-- name: cached_draft
-- The same thread, knowledge and prompt were answered before: the answer is still the answer.
SELECT reply, confidence, risk, risk_reasons, tone, evidence, sources, unknowns, rollback, language, examples, model, provider, prompt_version,
       prompt_hash, flags, validation
  FROM cx_drafts WHERE cache_key = %(cache_key)s ORDER BY created_at DESC LIMIT 1;

-- name: lock_wish
-- Is the draft still wanted by whom it was made for?
SELECT last_incoming_id, last_reply_id, status, sla_due_at, waiting_since, wish_instruction FROM cx_conversations
 WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s FOR UPDATE;

-- name: supersede
UPDATE cx_drafts SET status = CASE WHEN %(regenerated)s THEN 'regenerated' ELSE 'superseded' END, decided_at = now(),
  decided_by = CASE WHEN %(regenerated)s THEN %(who)s ELSE decided_by END,
  closed_reason = CASE WHEN %(regenerated)s THEN 'Another draft was asked for.' ELSE 'The customer wrote again.' END
 WHERE conversation_id = %(conversation_id)s AND status = 'pending' RETURNING id;

-- name: insert_draft
INSERT INTO cx_drafts (id, tenant_id, conversation_id, number, last_message_id, customer_message, asked_at, wanted_at, reply, confidence, risk,
  risk_reasons, tone, evidence, sources, unknowns, validation, rollback, flags, sentiment, language, rank_at, instruction, requested_by,
  previous_id, examples, experiment_id, variant, model, provider, prompt_version, prompt_hash, cost_usd, cache_key, from_cache)
SELECT %(id)s, current_tenant(), %(conversation_id)s, 1 + coalesce(max(d.number), 0), %(last_message_id)s, %(customer_message)s, %(asked_at)s, %(wanted_at)s,
  %(reply)s, %(confidence)s, %(risk)s, %(risk_reasons)s, %(tone)s, %(evidence)s, %(sources)s, %(unknowns)s, %(validation)s, %(rollback)s,
  %(flags)s, %(sentiment)s, %(language)s, %(rank_at)s, %(instruction)s, %(requested_by)s, %(previous_id)s, %(examples)s, %(experiment_id)s,
  %(variant)s, %(model)s, %(provider)s, %(prompt_version)s, %(prompt_hash)s, %(cost_usd)s, %(cache_key)s, %(from_cache)s
  FROM cx_drafts d WHERE d.conversation_id = %(conversation_id)s;

-- name: insert_note
INSERT INTO cx_notes (draft_id, tenant_id, post_id) VALUES (%(draft_id)s, current_tenant(), %(post_id)s);

-- name: wish_granted
UPDATE cx_conversations SET drafting_by = NULL, drafting_until = NULL, draft_problem = NULL, draft_attempts = 0,
  drafted_up_to = greatest(drafted_up_to, %(up_to)s), draft_due_at = NULL, wish_instruction = '', wish_by = '', wish_instead_of = NULL, summary = coalesce(%(summary)s, summary),
  summary_up_to = greatest(summary_up_to, %(summary_up_to)s), updated_at = now()
 WHERE conversation_id = %(conversation_id)s AND drafting_by = %(worker)s;

-- name: thread
-- The conversation as it stands, for people.
SELECT message_id AS id, direction, author, content AS text, written_at AS at, post_id IS NOT NULL AS ours, attachments
  FROM cx_messages WHERE conversation_id = %(conversation_id)s AND direction <> 'activity' AND NOT deleted
 ORDER BY message_id DESC LIMIT 200;

-- name: running_experiment
SELECT id, variants FROM cx_experiments WHERE stopped_at IS NULL;

-- name: avoid_notes
-- What people objected to lately: poor marks and reasons.
SELECT reason FROM cx_learning_signals
 WHERE reason <> '' AND (kind = 'rejected' OR least(tone, accuracy, policy) <= 2) AND created_at > now() - interval '90 days'
 ORDER BY created_at DESC LIMIT 20;

-- Deciding ------------------------------------------------------------------------------------------------------------

-- name: list_drafts
SELECT d.id, d.status, d.conversation_id, c.display_id AS chatwoot_conversation, d.number, coalesce(nullif(c.contact ->> 'name', ''), nullif(c.contact ->> 'email', ''), 'Customer') AS customer,
       d.customer_message, c.channel, c.plan, d.risk, d.confidence::float8 AS confidence, d.sentiment::float8 AS sentiment, d.flags,
       c.last_incoming_id > d.last_message_id AS stale, d.asked_at, d.rank_at,
       extract(epoch FROM coalesce(d.decided_at, now()) - d.asked_at)::int AS waiting_seconds, c.sla_due_at,
       c.sla_due_at IS NOT NULL AND c.sla_due_at < now() AS sla_breached, d.escalated_to, d.send_problem, d.created_at, d.decided_at, d.decided_by, d.sent_at
  FROM cx_drafts d JOIN cx_conversations c ON c.conversation_id = d.conversation_id
 WHERE d.status = ANY(%(statuses)s)
   AND (%(risk)s::text IS NULL OR d.risk = %(risk)s) AND (%(channel)s::text IS NULL OR c.channel = %(channel)s)
   AND (%(flagged)s::boolean IS NULL OR (d.flags <> '{}') = %(flagged)s)
   AND (%(q)s::text IS NULL OR d.customer_message ILIKE %(q)s OR c.contact ->> 'name' ILIKE %(q)s OR c.contact ->> 'email' ILIKE %(q)s)
   AND (%(at)s::timestamptz IS NULL OR CASE WHEN %(live)s THEN (d.rank_at, d.id) > (%(at)s::timestamptz, %(after)s::uuid)
                                            ELSE (d.created_at, d.id) < (%(at)s::timestamptz, %(after)s::uuid) END)
 ORDER BY CASE WHEN %(live)s THEN d.rank_at END, CASE WHEN NOT %(live)s THEN d.created_at END DESC, CASE WHEN %(live)s THEN d.id END, d.id DESC
 LIMIT %(limit)s;

-- name: count_drafts
SELECT status, count(*) AS count FROM cx_drafts WHERE status IN ('pending', 'sending') OR created_at > now() - interval '30 days' GROUP BY status;

-- name: draft
SELECT d.*, c.integration_id, c.display_id, c.status AS conversation_status, c.channel, c.contact, c.plan, c.last_incoming_id, c.sla_due_at, c.summary,
       extract(epoch FROM coalesce(d.decided_at, now()) - d.asked_at)::int AS waiting_seconds, coalesce(n.status = 'posted', false) AS note_posted
  FROM cx_drafts d JOIN cx_conversations c ON c.conversation_id = d.conversation_id LEFT JOIN cx_notes n ON n.draft_id = d.id
 WHERE d.id = %(id)s;

-- name: draft_thread
SELECT m.message_id AS id, m.direction, m.author, m.content AS text, m.written_at AS at, m.post_id IS NOT NULL AS ours, m.attachments
  FROM cx_messages m WHERE m.conversation_id = (SELECT conversation_id FROM cx_drafts WHERE id = %(id)s) AND m.direction <> 'activity' AND NOT m.deleted
 ORDER BY m.message_id DESC LIMIT 200;

-- name: earlier_drafts
SELECT e.id, e.number, e.status, e.reply, e.instruction, e.created_at FROM cx_drafts e JOIN cx_drafts d ON d.conversation_id = e.conversation_id
 WHERE d.id = %(id)s AND e.number < d.number ORDER BY e.number DESC LIMIT 10;

-- name: chatwoot_of_draft
SELECT i.base_url, i.config FROM integrations i JOIN cx_conversations c ON c.integration_id = i.id JOIN cx_drafts d ON d.conversation_id = c.conversation_id
 WHERE d.id = %(id)s;

-- name: decision_of
SELECT coalesce(approved, false) AS approved, tone, accuracy, policy, human_reply AS reply, edit_distance, edit_ratio::float8 AS edit_ratio, graded_by, graded_at
  FROM customer_reply_grading WHERE draft_id = %(id)s;

-- name: lock_draft
-- The draft and its conversation, held until the decision is made. The conversation first: that is the order webhooks take.
SELECT c.conversation_id, c.integration_id, c.display_id, c.last_incoming_id, c.last_reply_id, c.draft_due_at, c.status AS conversation_status, c.contact FROM cx_conversations c
 WHERE c.conversation_id = (SELECT conversation_id FROM cx_drafts WHERE id = %(id)s) FOR UPDATE;

-- name: draft_to_decide
SELECT * FROM cx_drafts WHERE id = %(id)s FOR UPDATE;

-- name: newest_incoming
SELECT content FROM cx_messages WHERE conversation_id = %(conversation_id)s AND direction = 'incoming' AND NOT deleted ORDER BY message_id DESC LIMIT 1;

-- name: grade
INSERT INTO customer_reply_grading (id, conversation_id, draft_reply, human_reply, tone, accuracy, policy, edit_distance, approved, graded_by,
                                    rag_sources, confidence, tenant_id, draft_id, edit_ratio)
VALUES (%(grading_id)s, %(conversation)s, %(draft_reply)s, %(human_reply)s, %(tone)s, %(accuracy)s, %(policy)s, %(edit_distance)s, %(approved)s,
        %(graded_by)s, %(rag_sources)s, %(confidence)s, current_tenant(), %(draft_id)s, %(edit_ratio)s);

-- name: claim_sending
-- The claim: from here on one reply is on its way, with the words, the watermark and the person it was approved by.
INSERT INTO cx_replies (draft_id, tenant_id, post_id, conversation_id, content, last_message_id, approved_by, override_reason)
VALUES (%(draft_id)s, current_tenant(), %(post_id)s, %(conversation_id)s, %(content)s, %(last_message_id)s, %(approved_by)s, %(override)s);

-- name: decide
UPDATE cx_drafts SET status = %(status)s, decided_at = now(), decided_by = %(who)s, send_problem = '', closed_reason = %(reason)s
 WHERE id = %(id)s AND status = 'pending' RETURNING id;

-- name: learn
INSERT INTO cx_learning_signals (tenant_id, kind, draft_id, conversation_id, customer_message, draft_reply, human_reply, edit_distance, edit_ratio,
  body_edit_ratio, tone, accuracy, policy, reason, graded_by, review_seconds, rag_sources, confidence, prompt_version, variant, experiment_id)
SELECT current_tenant(), %(kind)s, d.id, d.conversation_id, d.customer_message, d.reply, %(human_reply)s, %(edit_distance)s, %(edit_ratio)s,
  %(body_edit_ratio)s, %(tone)s, %(accuracy)s, %(policy)s, %(reason)s, %(graded_by)s, %(review_seconds)s, d.sources, d.confidence, d.prompt_version,
  d.variant, d.experiment_id
  FROM cx_drafts d WHERE d.id = %(draft_id)s
ON CONFLICT ON CONSTRAINT cx_learning_signals_once DO UPDATE SET human_reply = excluded.human_reply, edit_distance = excluded.edit_distance,
  edit_ratio = excluded.edit_ratio, body_edit_ratio = excluded.body_edit_ratio, tone = excluded.tone, accuracy = excluded.accuracy,
  policy = excluded.policy, reason = excluded.reason, graded_by = excluded.graded_by, review_seconds = excluded.review_seconds, created_at = now();

-- name: wish_again
-- A person asks for another draft: at once, with their instruction.
UPDATE cx_conversations SET draft_due_at = now(), draft_problem = NULL, draft_attempts = 0, paused_until = NULL,
  wish_instruction = %(instruction)s, wish_by = %(who)s, wish_instead_of = %(id)s WHERE conversation_id = %(conversation_id)s;

-- name: escalated
UPDATE cx_drafts SET escalated_to = %(to)s, escalated_at = now() WHERE id = %(id)s AND status = 'pending' RETURNING id;

-- Posting -------------------------------------------------------------------------------------------------------------

-- name: claim_reply
UPDATE cx_replies r SET leased_until = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
  FROM cx_drafts d, cx_conversations c
 WHERE r.draft_id = %(draft_id)s AND r.status = 'sending' AND (r.leased_until IS NULL OR r.leased_until < now())
   AND d.id = r.draft_id AND c.conversation_id = r.conversation_id
RETURNING r.draft_id, r.post_id, r.conversation_id, r.content, r.last_message_id, r.approved_by, r.attempts, c.integration_id, c.display_id;

-- name: reply_sent
WITH sent AS (
  UPDATE cx_replies SET status = 'sent', message_id = %(message_id)s, sent_at = coalesce(%(sent_at)s, now()), leased_until = NULL
   WHERE draft_id = %(draft_id)s AND status = 'sending' RETURNING draft_id, sent_at)
UPDATE cx_drafts d SET status = 'sent', sent_at = sent.sent_at, send_problem = '' FROM sent WHERE d.id = sent.draft_id
RETURNING d.id, d.conversation_id, d.asked_at, d.wanted_at, d.decided_at, d.sent_at, d.decided_by;

-- name: reply_unclear
-- Nobody may send for a while: a slow server may still be storing it.
UPDATE cx_replies SET leased_until = now() + make_interval(secs => %(seconds)s) WHERE draft_id = %(draft_id)s AND status = 'sending';

-- name: withdraw_reply
DELETE FROM cx_replies WHERE draft_id = %(draft_id)s AND status = 'sending' RETURNING approved_by, content;

-- name: withdraw_grading
DELETE FROM customer_reply_grading WHERE draft_id = %(draft_id)s RETURNING tone, accuracy, policy, graded_by;

-- name: withdraw_signal
DELETE FROM cx_learning_signals WHERE draft_id = %(draft_id)s AND kind = 'approved';

-- name: undecide
UPDATE cx_drafts SET status = %(status)s, decided_at = CASE WHEN %(status)s = 'pending' THEN NULL ELSE decided_at END,
  decided_by = CASE WHEN %(status)s = 'pending' THEN '' ELSE decided_by END,
  send_problem = CASE WHEN %(status)s = 'pending' THEN %(reason)s ELSE '' END, closed_reason = CASE WHEN %(status)s = 'pending' THEN '' ELSE %(reason)s END
 WHERE id = %(draft_id)s AND status = 'sending' RETURNING id;

-- name: claim_note
UPDATE cx_notes n SET leased_until = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
  FROM cx_drafts d, cx_conversations c
 WHERE n.draft_id = %(draft_id)s AND n.status = 'waiting' AND (n.leased_until IS NULL OR n.leased_until < now())
   AND d.id = n.draft_id AND c.conversation_id = d.conversation_id
RETURNING n.draft_id, n.post_id, n.attempts, d.conversation_id, d.status AS draft_status, d.number, d.reply, d.confidence, d.risk, d.risk_reasons, d.sources,
          d.unknowns, d.flags, d.last_message_id, d.wanted_at, c.integration_id, c.display_id;

-- name: note_posted
UPDATE cx_notes SET status = 'posted', message_id = %(message_id)s, posted_at = now(), leased_until = NULL, problem = '' WHERE draft_id = %(draft_id)s AND status = 'waiting' RETURNING true;

-- name: note_dropped
UPDATE cx_notes SET status = 'dropped', leased_until = NULL, problem = %(reason)s WHERE draft_id = %(draft_id)s AND status = 'waiting';

-- name: note_waits
UPDATE cx_notes SET leased_until = now() + make_interval(secs => %(seconds)s), problem = %(reason)s WHERE draft_id = %(draft_id)s AND status = 'waiting';

-- Watching ------------------------------------------------------------------------------------------------------------

-- name: due_wishes
SELECT conversation_id FROM cx_conversations
 WHERE draft_due_at < now() - interval '15 seconds' AND (drafting_until IS NULL OR drafting_until < now()) ORDER BY draft_due_at LIMIT %(limit)s;

-- name: due_posts
SELECT 'reply' AS kind, draft_id FROM cx_replies WHERE status = 'sending' AND approved_at < now() - interval '15 seconds' AND (leased_until IS NULL OR leased_until < now())
UNION ALL
SELECT 'note', draft_id FROM cx_notes WHERE status = 'waiting' AND created_at < now() - interval '15 seconds' AND (leased_until IS NULL OR leased_until < now())
 LIMIT %(limit)s;

-- name: sla_breaches
-- Each breach is told once.
UPDATE cx_conversations SET sla_alerted_at = now()
 WHERE waiting_since IS NOT NULL AND status = 'open' AND sla_due_at <= now() AND sla_alerted_at IS NULL
RETURNING conversation_id, display_id, contact, waiting_since, sla_due_at;

-- name: whom_to_tell
SELECT email FROM members WHERE status = 'active' AND role = ANY(%(roles)s);

-- name: graded_lately
SELECT true FROM customer_reply_grading WHERE graded_at > now() - interval '3 minutes' LIMIT 1;

-- name: unmeasured_signals
SELECT id, draft_reply, human_reply FROM cx_learning_signals WHERE human_reply IS NOT NULL AND edit_distance IS NULL LIMIT 200;

-- name: measure_signal
UPDATE cx_learning_signals SET edit_distance = %(edit_distance)s, edit_ratio = %(edit_ratio)s, body_edit_ratio = %(body_edit_ratio)s WHERE id = %(id)s;

-- Learning ------------------------------------------------------------------------------------------------------------

-- name: unlearned
-- Approved replies that are out and not yet examples. Nothing that a check had a doubt about, in the draft or in what went out.
SELECT s.id, s.customer_message, s.human_reply, s.created_at, s.rag_sources, c.contact,
       (SELECT array_agg(DISTINCT m.author) FROM cx_messages m WHERE m.conversation_id = s.conversation_id AND m.author <> '') AS people
  FROM cx_learning_signals s JOIN cx_drafts d ON d.id = s.draft_id JOIN cx_replies r ON r.draft_id = s.draft_id
  JOIN cx_conversations c ON c.conversation_id = s.conversation_id
 WHERE s.kind = 'approved' AND s.indexed_at IS NULL AND d.status = 'sent' AND d.flags = '{}' AND r.override_reason = '' AND s.human_reply IS NOT NULL
 ORDER BY s.created_at LIMIT %(limit)s;

-- name: learned
-- Those that still have their words; the others were erased meanwhile.
UPDATE cx_learning_signals SET indexed_at = now() WHERE id = ANY(%(ids)s) AND indexed_at IS NULL AND human_reply IS NOT NULL RETURNING id;

-- Looking for what was lost -------------------------------------------------------------------------------------------

-- name: last_sweep
-- When the last complete visit began: what came after that is to be looked at again.
SELECT started_at FROM cx_sweeps WHERE integration_id = %(integration_id)s AND finished_at IS NOT NULL AND problem = '' ORDER BY started_at DESC LIMIT 1;

-- name: begin_sweep
INSERT INTO cx_sweeps (id, tenant_id, integration_id, since) VALUES (%(id)s, current_tenant(), %(integration_id)s, %(since)s);

-- name: end_sweep
WITH old AS (DELETE FROM cx_sweeps WHERE started_at < now() - interval '14 days')
UPDATE cx_sweeps SET finished_at = now(), conversations = %(conversations)s, messages = %(messages)s, missed = %(missed)s, problem = %(problem)s WHERE id = %(id)s;

-- name: message_before
SELECT max(m.message_id) FROM cx_messages m JOIN cx_conversations c ON c.conversation_id = m.conversation_id
 WHERE c.integration_id = %(integration_id)s AND c.display_id = %(display_id)s AND m.written_at < %(since)s;

-- name: known_messages
SELECT message_id FROM cx_messages WHERE integration_id = %(integration_id)s AND message_id = ANY(%(ids)s);

-- name: owed_wish
-- An open question that nobody drafts an answer for.
UPDATE cx_conversations SET draft_due_at = coalesce(draft_due_at, now())
 WHERE conversation_id = %(conversation_id)s AND %(wanted)s AND status = 'open' AND last_incoming_id > greatest(drafted_up_to, last_reply_id)
   AND last_incoming_at > now() - interval '7 days'
RETURNING draft_due_at;

-- name: draft_died
UPDATE cx_conversations SET draft_problem = %(reason)s WHERE conversation_id = %(conversation_id)s AND draft_due_at IS NOT NULL;

-- name: post_died
UPDATE cx_drafts SET send_problem = %(reason)s WHERE id = %(draft_id)s AND status IN ('pending', 'sending');
