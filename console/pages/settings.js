// Settings: one address per part.

import { tabbed } from '../lib/tabbed.js';

export default tabbed({
  title: 'Settings',
  address: (id) => `/settings/${id}`,
  tabs: [
    ['general', 'General', () => import('./settings/general.js')],
    ['replies', 'Replies', () => import('./settings/replies.js')],
    ['integrations', 'Integrations', () => import('./settings/integrations.js')],
    ['members', 'Members', () => import('./settings/members.js')],
    ['keys', 'Service keys', () => import('./settings/keys.js')],
    ['usage', 'Usage', () => import('./settings/usage.js')],
  ],
});
