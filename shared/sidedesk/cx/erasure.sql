-- Erasing a person: the words go, the figures stay. Theirs are the conversations with their address or number; texts of
-- others that name them go too. A short subject names nobody for certain, so only whole values count for it.

-- name: examples_of
-- Locked, so that none becomes an example at this moment.
SELECT l.id FROM cx_learning_signals l
 WHERE l.kind = 'approved' AND l.human_reply IS NOT NULL
   AND (l.conversation_id IN (SELECT conversation_id FROM cx_conversations WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s)
        OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', l.customer_message, l.human_reply))) > 0))
   FOR UPDATE;

-- name: erase_unsent
-- Not out yet: it does not go out any more. What a sender has in hand at this moment may still arrive; nothing of it stays here.
DELETE FROM cx_replies r USING cx_conversations c
 WHERE c.conversation_id = r.conversation_id AND r.status = 'sending'
   AND (lower(c.contact ->> 'email') = %(s)s OR c.contact ->> 'phone' = %(s)s);

-- name: erase_replies
UPDATE cx_replies r SET content = 'Erased.', override_reason = '' FROM cx_conversations c
 WHERE c.conversation_id = r.conversation_id AND r.status = 'sent'
   AND (lower(c.contact ->> 'email') = %(s)s OR c.contact ->> 'phone' = %(s)s
        OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', r.content, r.override_reason))) > 0));

-- name: erase_approver
UPDATE cx_replies SET approved_by = 'forgotten' WHERE lower(approved_by) = %(s)s;

-- name: erase_gradings
UPDATE customer_reply_grading g SET draft_reply = 'Erased.', human_reply = NULL, rag_sources = NULL
  FROM cx_drafts d JOIN cx_conversations c ON c.conversation_id = d.conversation_id
 WHERE d.id = g.draft_id
   AND (lower(c.contact ->> 'email') = %(s)s OR c.contact ->> 'phone' = %(s)s
        OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', g.draft_reply, g.human_reply, g.rag_sources))) > 0));

-- name: erase_grader
UPDATE customer_reply_grading SET graded_by = 'forgotten' WHERE lower(graded_by) = %(s)s;

-- name: erase_signals
UPDATE cx_learning_signals l SET customer_message = '', draft_reply = '', human_reply = NULL, reason = '', rag_sources = '[]'
 WHERE l.conversation_id IN (SELECT conversation_id FROM cx_conversations WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s)
    OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', l.customer_message, l.draft_reply, l.human_reply, l.reason, l.rag_sources))) > 0);

-- name: erase_signal_grader
UPDATE cx_learning_signals SET graded_by = 'forgotten' WHERE lower(graded_by) = %(s)s;

-- name: erase_drafts
-- One that waits is closed: nobody may send what it says now.
UPDATE cx_drafts d SET customer_message = '', reply = 'Erased.', tone = '{}', evidence = '[]', sources = '[]', unknowns = '[]', validation = '[]',
  risk_reasons = '[]', examples = '[]', instruction = '', rollback = '', send_problem = '', cache_key = 'erased', decided_at = coalesce(d.decided_at, now()),
  closed_reason = CASE WHEN d.status IN ('pending', 'sending') THEN 'Erased at the wish of the person.' ELSE d.closed_reason END,
  status = CASE WHEN d.status = 'pending' OR (d.status = 'sending' AND NOT EXISTS (SELECT FROM cx_replies r WHERE r.draft_id = d.id)) THEN 'closed'
                ELSE d.status END
 WHERE d.conversation_id IN (SELECT conversation_id FROM cx_conversations WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s)
    OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', d.customer_message, d.reply, d.tone, d.evidence, d.sources, d.unknowns,
          d.validation, d.risk_reasons, d.examples, d.instruction, d.rollback, d.send_problem))) > 0);

-- name: erase_decider
UPDATE cx_drafts SET decided_by = CASE WHEN lower(decided_by) = %(s)s THEN 'forgotten' ELSE decided_by END,
  requested_by = CASE WHEN lower(requested_by) = %(s)s THEN 'forgotten' ELSE requested_by END,
  escalated_to = CASE WHEN lower(escalated_to) = %(s)s THEN 'forgotten' ELSE escalated_to END
 WHERE %(s)s IN (lower(decided_by), lower(requested_by), lower(escalated_to));

-- name: erase_messages
UPDATE cx_messages m SET content = '', author = ''
 WHERE m.conversation_id IN (SELECT conversation_id FROM cx_conversations WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s)
    OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', m.content, m.author))) > 0);

-- name: erase_notes
UPDATE cx_notes SET problem = '' WHERE length(%(s)s) > 4 AND position(%(s)s IN lower(problem)) > 0;

-- name: erase_experimenter
UPDATE cx_experiments SET started_by = CASE WHEN lower(started_by) = %(s)s THEN 'forgotten' ELSE started_by END,
  stopped_by = CASE WHEN lower(stopped_by) = %(s)s THEN 'forgotten' ELSE stopped_by END
 WHERE lower(started_by) = %(s)s OR lower(stopped_by) = %(s)s;

-- name: erase_gold_grades
DELETE FROM cx_gold_grades WHERE lower(reviewer) = %(s)s;

-- name: erase_gold_items
UPDATE cx_gold_items SET customer_message = 'Erased.', reply = 'Erased.', why = '', retired_at = coalesce(retired_at, now())
 WHERE length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', customer_message, reply, why))) > 0;

-- name: erase_gold_author
UPDATE cx_gold_items SET created_by = 'forgotten' WHERE lower(created_by) = %(s)s;

-- name: erase_asker
UPDATE cx_conversations SET wish_by = 'forgotten' WHERE lower(wish_by) = %(s)s;

-- name: erase_conversations
-- Last: everything above finds its way through the contact.
UPDATE cx_conversations SET contact = '{}', plan = '', summary = NULL, wish_instruction = '', draft_problem = NULL, draft_due_at = NULL
 WHERE lower(contact ->> 'email') = %(s)s OR contact ->> 'phone' = %(s)s
    OR (length(%(s)s) > 4 AND position(%(s)s IN lower(concat_ws(' ', contact, summary, wish_instruction, draft_problem))) > 0);
