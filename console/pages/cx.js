// CX: how replies go, what they know, what is being tried, and whether graders agree.

import { tabbed } from '../lib/tabbed.js';

export default tabbed({
  title: 'CX',
  lead: 'Replies drafted by the AI and decided by people.',
  address: (id) => (id === 'figures' ? '/cx' : `/cx/${id}`),
  tabs: [
    ['figures', 'Figures', () => import('./cx/figures.js')],
    ['knowledge', 'Knowledge', () => import('./cx/knowledge.js')],
    ['experiments', 'Experiments', () => import('./cx/experiments.js')],
    ['calibration', 'Calibration', () => import('./cx/calibration.js')],
    ['health', 'Health', () => import('./cx/health.js')],
  ],
});
