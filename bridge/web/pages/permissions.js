// What the person allowed to whom, and taking it back.

import { h, icon } from '/app/dom.js';
import { call, t, n, say } from '/app/api.js';

export async function permissions() {
  const box = h('div');
  const draw = (list) => {
    const blocked = list.filter((p) => p.blocked);
    const allowed = list.filter((p) => !p.blocked);
    box.replaceChildren(
      h('p.muted', null, t('pages.permissions.text')),
      allowed.length ? h('ul.list', null, allowed.map((p) => card(p, draw))) : h('div.card', null, icon('lock', 28), h('p', null, t('pages.permissions.none'))),
      blocked.length ? h('h2', null, t('pages.permissions.blocked')) : '',
      blocked.length ? h('ul.list', null, blocked.map((p) => card(p, draw))) : '');
  };
  draw(await call('permissions'));
  return [box];
}

function card(p, draw) {
  const act = (name, question, done) => h('button', {
    type: 'button',
    onclick: async (e) => {
      const button = e.currentTarget;
      if (question && !button.dataset.sure) { // a second press on the same button means it
        button.dataset.sure = '1';
        button.textContent = t('pages.permissions.sure');
        button.classList.add('danger');
        return;
      }
      draw(await call(name, { ID: p.id }));
      say(t(done, p.name));
    },
  }, t('pages.permissions.' + name));
  return h('li.card.row', null,
    icon(p.program ? 'program' : p.secure ? 'lock' : 'open', 24),
    h('div.grow', null,
      h('h2', null, p.name),
      p.detail !== p.name ? h('p.muted.wrap', null, p.detail) : null,
      p.suspicious ? h('p.notice.warn', null, icon('warning', 18), h('span', null, t('pages.permissions.suspicious'))) : null,
      p.scopes.length ? h('p', null, p.scopes.map((s) => t(s.name) + (s.always ? ` (${t('pages.permissions.always')})` : '') + ` – ${n('pages.permissions.times', s.count)}`).join('; ')) : null,
      p.seeded ? h('p.muted', null, t(p.seededList ? 'pages.permissions.seeded_list' : 'pages.permissions.seeded')) : null,
      p.blocked ? h('p.muted', null, t('pages.permissions.since', p.blocked)) : h('p.muted', null, [p.created && t('pages.permissions.first', p.created), p.used && t('pages.permissions.last', p.used)].filter(Boolean).join('; ')),
      p.key ? h('p.muted.wrap', null, t('pages.permissions.key', p.key)) : null),
    h('div.side', null, p.blocked
      ? act('unblock', false, 'pages.permissions.unblocked')
      : [p.count > 0 ? act('revoke', false, 'pages.permissions.revoked') : null, act('block', true, 'pages.permissions.is_blocked')]));
}
