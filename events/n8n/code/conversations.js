// Pages may repeat a chat, and were asked for wider than the range: each chat once, cut to [start, end).
const { range_start, range_end } = $('Normalise').first().json;
const found = new Map();
for (const page of $input.all()) {
  if (!Array.isArray(page.json.conversations)) throw new Error(`Intercom did not answer with chats: ${JSON.stringify(page.json).slice(0, 300)}`);
  for (const chat of page.json.conversations)
    if (chat.created_at >= range_start && chat.created_at < range_end) found.set(String(chat.id), chat.created_at);
}
return [...found].sort((a, b) => a[1] - b[1]).map(([conversation_id]) => ({ json: { conversation_id } }));
