// Every page, once: its address, its module and, when it has one, its place in the navigation.
// A new page is a file in pages/ and a line here. `needs` names the permission without which it is not offered,
// `unless` one with which it is not. `to` is where its link leads when that is not its name.

export const GROUPS = ['Customers', 'Quality', ''];

export const ROUTES = [
  { path: /^\/approvals(?:\/(?<id>[\w-]+))?$/, page: () => import('./pages/approvals.js'), name: 'approvals', nav: 'Approvals', group: 'Customers', key: 'a', needs: 'cx.read' },
  { path: /^\/cx(?:\/(?<tab>[a-z]+))?(?:\/(?<id>[\w-]+))?$/, page: () => import('./pages/cx.js'), name: 'cx', nav: 'CX', group: 'Customers', key: 'c', needs: 'cx.read' },
  { path: /^\/audits$/, page: () => import('./pages/audits.js'), name: 'audits', nav: 'Audits', group: 'Quality', key: 'u', needs: 'audits.read' },
  { path: /^\/audits\/mine$/, page: () => import('./pages/mine.js'), name: 'audits', to: 'audits/mine', nav: 'My audits', group: 'Quality', key: 'u', needs: 'audits.read_own', unless: 'audits.read' },
  { path: /^\/audits\/new$/, page: () => import('./pages/new-run.js'), name: 'audits' },
  { path: /^\/audits\/results$/, page: () => import('./pages/results.js'), name: 'audits' },
  { path: /^\/audits\/people$/, page: () => import('./pages/people.js'), name: 'audits' },
  { path: /^\/audits\/scorecards$/, page: () => import('./pages/scorecards.js'), name: 'audits' },
  { path: /^\/audits\/scorecards\/(?<id>[\w-]+)$/, page: () => import('./pages/scorecard.js'), name: 'audits' },
  { path: /^\/audits\/calibration$/, page: () => import('./pages/calibration.js'), name: 'audits' },
  { path: /^\/audits\/jobs\/(?<id>[\w-]+)$/, page: () => import('./pages/job.js'), name: 'audits' },
  { path: /^\/audits\/(?<id>[\w-]+)$/, page: () => import('./pages/audit.js'), name: 'audits' },
  { path: /^\/conversations$/, page: () => import('./pages/conversations.js'), name: 'conversations', nav: 'Conversations', group: 'Customers', key: 'o', needs: 'conversations.read' },
  { path: /^\/conversations\/imports$/, page: () => import('./pages/conversation-imports.js'), name: 'conversations' },
  { path: /^\/conversations\/imports\/new$/, page: () => import('./pages/conversation-new-import.js'), name: 'conversations' },
  { path: /^\/conversations\/imports\/(?<id>[\w-]+)$/, page: () => import('./pages/conversation-import.js'), name: 'conversations' },
  { path: /^\/conversations\/batches$/, page: () => import('./pages/conversation-batches.js'), name: 'conversations' },
  { path: /^\/conversations\/batches\/(?<id>[\w-]+)$/, page: () => import('./pages/conversation-batch.js'), name: 'conversations' },
  { path: /^\/conversations\/exports$/, page: () => import('./pages/conversation-exports.js'), name: 'conversations' },
  { path: /^\/conversations\/(?<id>[\w-]+)$/, page: () => import('./pages/conversation.js'), name: 'conversations' },
  { path: /^\/notifications$/, page: () => import('./pages/notifications.js'), name: 'notifications', nav: 'Notifications', icon: 'bell', group: '', key: 'n' },
  { path: /^\/settings(?:\/(?<tab>[a-z-]+))?$/, page: () => import('./pages/settings.js'), name: 'settings', nav: 'Settings', group: '', key: 's' },
  { path: /^\/guide$/, page: () => import('./pages/guide.js'), name: 'guide', nav: 'Style guide', group: '' },
];

export const MISSING = { path: /./, page: () => import('./pages/missing.js'), name: '' };
