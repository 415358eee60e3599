// What this program is, what it changes on the machine, whose work it stands on.

import { h } from '/app/dom.js';
import { call, t } from '/app/api.js';

export async function about() {
  const v = await call('about');
  return [
    h('p', null, t('pages.about.text')),
    h('dl.facts', null,
      h('dt', null, t('pages.status.version')), h('dd', null, `Tanba ${v.version}`),
      h('dt', null, t('pages.about.commit')), h('dd.mono', null, v.commit || '–'),
      h('dt', null, t('pages.about.processor')), h('dd', null, v.features || '–'),
      h('dt', null, t('pages.about.folder')), h('dd.mono', null, v.folder),
      h('dt', null, t('pages.about.root')), h('dd.mono', null, v.fingerprint)),
    h('h2', null, t('pages.about.changes')),
    h('ul.plain', null, ['certificate', 'folder', 'autostart'].map((k) => h('li', null, t('pages.about.change_' + k)))),
    h('p.muted', null, t('pages.about.remove'), ' ', h('code', null, 'tanba uninstall')),
    h('h2', null, t('pages.about.libraries')),
    h('ul.plain', null, v.modules.map((m) => h('li', null, h('span.mono', null, `${m.path} ${m.version}`)))),
  ];
}
