// The agent's end. One item comes back per chat: sidedesk's answer, a chat of somebody else, or what could not be delivered.
const found = $('Conversations').all().filter(item => item.json.conversation_id).length;
const back = found ? $input.all().map(item => item.json) : [];
const others = back.filter(json => json.theirs === false).length;
const lost = back.filter(json => json.error !== undefined);
const total_conversations = found - others;
if (!lost.length) return [{ json: { status: 'completed', total_conversations } }];
const why = String(lost[0].error?.message ?? lost[0].error).slice(0, 300);
return [{ json: {
  status: 'failed',
  total_conversations,
  error_message: `${lost.length} of ${total_conversations} results could not be delivered to sidedesk: ${why} Retry this agent; what was delivered stays.`,
} }];
