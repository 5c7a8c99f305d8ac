// What sidedesk asked for, checked. The range comes in unix seconds of the tenant's days; no days are computed here.
const settings = $('Settings').first().json;
const address = name => {
  const text = String(settings[name] ?? '').trim();
  if (!/^https?:\/\/[^\s]+$/.test(text)) throw new Error(`Open the Settings node and fill in ${name}: "${text}" is not an address.`);
  return text.replace(/\/+$/, '');
};
const model = String(settings.model ?? '').trim();
if (!model || model.startsWith('__')) throw new Error('Open the Settings node and fill in model: the name of a chat model.');

const body = $input.first().json.body ?? {};
for (const name of ['job_id', 'scorecard_id', 'start_date', 'end_date', 'intercom_admin_ids'])
  if (!body[name]) throw new Error(`The call lacks ${name}.`);
// These two become parts of addresses that our key is sent to.
for (const name of ['job_id', 'scorecard_id'])
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(body[name]))) throw new Error(`${name} is not a UUID.`);
if (!Array.isArray(body.intercom_admin_ids) || body.intercom_admin_ids.length !== 1)
  throw new Error('One call audits one agent: intercom_admin_ids must hold exactly one id.');
const admin_id = String(body.intercom_admin_ids[0]);

const given = { assignee: 'assignee', main_author: 'main_author', participant: 'participant' };
const attribution = given[body.attribution ?? 'assignee'];
if (!attribution) throw new Error(`attribution "${body.attribution}" is none of assignee, main_author, participant.`);
if (attribution === 'assignee' && !/^\d+$/.test(admin_id)) throw new Error(`Intercom searches assignees by number; "${admin_id}" is none.`);

// Only a caller that sends no range gets whole UTC days.
const midnight = day => Math.floor(Date.parse(`${day}T00:00:00Z`) / 1000);
const range_start = Number(body.range_start ?? midnight(body.start_date));
const range_end = Number(body.range_end ?? midnight(body.end_date) + 86400);
if (!Number.isInteger(range_start) || !Number.isInteger(range_end) || range_end <= range_start)
  throw new Error('range_start and range_end must be unix seconds, the end after the start.');

// Intercom may compare whole days of its own zone: ask two days wider, cut exactly afterwards.
const wider = 172800;
const whose = attribution === 'assignee'
  ? { field: 'admin_assignee_id', operator: '=', value: Number(admin_id) }
  : { field: 'teammate_ids', operator: '=', value: admin_id };

return [{ json: {
  sidedesk_url: address('sidedesk_url'),
  intercom_url: address('intercom_url'),
  model,
  admin_id,
  attribution,
  range_start,
  range_end,
  query: { operator: 'AND', value: [
    whose,
    { field: 'created_at', operator: '>', value: range_start - wider },
    { field: 'created_at', operator: '<', value: range_end + wider },
  ] },
  // Carried to every result.
  meta: {
    job_id: body.job_id,
    batch_id: body.batch_id ?? body.job_id,
    scorecard_id: body.scorecard_id,
    intercom_admin_id: admin_id,
    employee_email: body.employee_email ?? '',
    employee_name: body.employee_name ?? '',
    created_by: body.created_by ?? '',
    audit_date: body.audit_date ?? new Date().toISOString(),
    dispatch_id: body.dispatch_id ?? null,
    n8n_execution_id: String($execution.id),
  },
} }];
