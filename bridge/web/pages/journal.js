// What was asked for, by whom, and how it ended.

import { h, icon } from '/app/dom.js';
import { call, t, n, say } from '/app/api.js';

const outcomes = ['done', 'cancelled', 'timeout', 'failed', 'limit', 'blocked', 'gone', 'unavailable'];

export async function journal() {
  const query = { Text: '', Outcome: '', Skip: 0 };
  const rows = h('div', { 'aria-live': 'polite' });
  const draw = async () => {
    const v = await call('journal', query);
    rows.replaceChildren(
      v.broken.length ? h('div.card.fault', { role: 'alert' }, icon('warning', 28), h('div', null, h('h2', null, t('pages.journal.broken')), v.broken.map((b) => h('p', null, b)))) : '',
      h('p.muted', null, n('pages.journal.entries', v.total)),
      v.entries.length ? table(v.entries) : h('div.card', null, icon('document', 28), h('p', null, t(query.Text || query.Outcome ? 'pages.journal.nothing' : 'pages.journal.empty'))),
      h('div.actions', null,
        query.Skip > 0 ? h('button', { type: 'button', onclick: () => { query.Skip -= v.page; draw(); } }, t('pages.journal.newer')) : null,
        query.Skip + v.page < v.total ? h('button', { type: 'button', onclick: () => { query.Skip += v.page; draw(); } }, t('pages.journal.older')) : null));
  };
  let wait = 0;
  const search = h('input', {
    type: 'search', id: 'search', autocomplete: 'off', oninput: (e) => {
      query.Text = e.target.value;
      query.Skip = 0;
      clearTimeout(wait);
      wait = setTimeout(draw, 200);
    },
  });
  const select = h('select', { id: 'outcome', onchange: (e) => { query.Outcome = e.target.value; query.Skip = 0; draw(); } },
    h('option', { value: '' }, t('pages.journal.all')), outcomes.map((o) => {
      const option = h('option', null, t('pages.outcome.' + o));
      option.value = o;
      return option;
    }));
  select.options[0].value = '';
  const save = (format) => h('button', {
    type: 'button', onclick: async () => {
      const url = URL.createObjectURL(await call('journal/export', { ...query, Format: format }));
      const a = h('a', { href: url, download: 'tanba-journal.' + format });
      a.click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },
  }, t('pages.journal.export', format.toUpperCase()));
  const clear = h('button', {
    type: 'button', onclick: async () => {
      if (!clear.dataset.sure) {
        clear.dataset.sure = '1';
        clear.textContent = t('pages.permissions.sure');
        clear.classList.add('danger');
        return;
      }
      await call('journal/clear');
      say(t('pages.journal.cleared'));
      delete clear.dataset.sure;
      clear.textContent = t('pages.journal.clear');
      clear.classList.remove('danger');
      draw();
    },
  }, t('pages.journal.clear'));
  await draw();
  return [
    h('p.muted', null, t('pages.journal.text')),
    h('div.filters', null,
      h('div.grow', null, h('label', { for: 'search' }, t('pages.journal.search')), search),
      h('div', null, h('label', { for: 'outcome' }, t('pages.journal.outcome')), select)),
    rows,
    h('div.actions', null, save('csv'), save('json'), clear),
  ];
}

function table(entries) {
  return h('ul.list.entries', null, entries.map((e) => h('li.card', null,
    h('div.between', null, h('h2.wrap', null, e.who || '–'), h('span.badge.' + (e.outcome.endsWith('.done') ? 'good' : 'plain'), null, t(e.outcome))),
    h('p.muted', null, [e.time, e.operation, e.documents ? n('pages.journal.documents', e.documents) : ''].filter(Boolean).join(' · ')),
    h('details', null, h('summary', null, t('pages.journal.details')),
      h('dl.facts', null,
        (e.names || []).map((name, i) => [h('dt', null, name || '–'), h('dd.mono', null, (e.sha256 || [])[i] || '–')]),
        (e.names?.length ? [] : e.sha256 || []).map((sum) => [h('dt', null, 'SHA-256'), h('dd.mono', null, sum)]),
        e.signed || e.failed ? [h('dt', null, t('pages.journal.made')), h('dd', null, String(e.signed || 0))] : null,
        e.failed ? [h('dt', null, t('pages.journal.not_signed')), h('dd', null, e.failed.map((i) => '№ ' + i).join(', '))] : null,
        e.key ? [h('dt', null, t('pages.journal.key')), h('dd.mono', null, e.key)] : null,
        e.policy ? [h('dt', null, t('pages.journal.policy')), h('dd', null, e.policy)] : null,
        e.method ? [h('dt', null, t('pages.journal.method')), h('dd.mono', null, e.method)] : null)))));
}
