// The keys the person has, until when they live and what is wrong with them.

import { h, icon } from '/app/dom.js';
import { call, t, n, say } from '/app/api.js';

export async function keys() {
  const list = await call('keys');
  if (!list.length) return [h('div.card', null, icon('key', 28), h('div', null, h('p', null, t('pages.keys.none')), h('p.muted', null, t('pages.keys.none_text'))))];
  return [
    h('p.muted', null, t('pages.keys.text')),
    h('ul.list', null, list.map(card)),
  ];
}

// later puts the warnings of a key off by a day.
async function later(button, k) {
  await call('keys/later', { warning: k.warning });
  button.remove();
  say(t('pages.keys.put_off'));
}

function card(k) {
  const li = h('li.card.row', null,
    icon(k.token ? 'token' : 'key', 24),
    h('div.grow', null,
      h('h2', k.owner ? { translate: 'no' } : null, k.owner || t('pages.keys.unknown')),
      k.organisation ? h('p', null, k.organisation) : null,
      h('p.muted', null, [k.use, k.algorithm].filter(Boolean).join(' · ')),
      h('p.muted.wrap', { translate: 'no' }, k.place),
      k.note ? h(`p.notice.${k.urgent ? 'danger' : 'warn'}`, null, icon('warning', 18), h('span', null, k.note)) : null,
      k.advice ? h('p', null, k.advice) : null,
      k.renew || k.warning ? h('div.actions', null,
        k.renew ? h('a.button', { href: '/renew' + location.search }, t('renew.go')) : null,
        k.warning ? h('button.plain', { type: 'button', onclick: (e) => later(e.currentTarget, k) }, t('pages.keys.later')) : null) : null),
    h('div.side', null,
      k.until ? h('p', null, t('pages.keys.until', k.until)) : h('p.muted', null, t('pages.keys.locked')),
      k.days >= 0 ? h('p.muted', null, n('pages.keys.days', k.days)) : null,
      k.recent ? h('button.plain', {
        type: 'button',
        onclick: async () => { await call('keys/forget', { id: k.id }); li.remove(); say(t('pages.keys.forgotten')); },
      }, t('pages.keys.forget')) : null));
  return li;
}
