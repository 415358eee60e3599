// Which key of the open file or token.

import { h, icon, notice } from './dom.js';
import { t, n, own } from './text.js';
import { tick } from './stores.js';

// keys is the choice among the keys of the open file.
export function keys(state, act) {
  const fit = state.keys.filter((k) => k.fits);
  const unfit = state.keys.filter((k) => !k.fits);
  const chosen = fit.find((k) => k.id === state.key);
  return h('section', { 'aria-labelledby': 'whose' },
    h('h2', { id: 'whose' }, t('whose.title')),
    fit.length === 0 && none(state),
    fit.length > 0 && h('div.choices', { role: 'radiogroup', 'aria-labelledby': 'whose' }, fit.map((k, i) => h('label.choice.key', null,
      h('input', { type: 'radio', name: 'key', checked: k.id === state.key, 'data-focus': `key-${i}`, onchange: () => act.key(k.id) }),
      card(k)))),
    chosen && chosen.confirm && [
      notice('danger', t('warning.expired'), t('key.ended_note')),
      h('label.confirm', null,
        h('input', { type: 'checkbox', checked: state.confirmed, 'data-focus': 'confirm', onchange: (e) => act.confirm(e.target.checked) }),
        t('key.confirm_expired')),
    ],
    chosen && state.view.open && h('p.small.muted.kept', null, t('memory.kept', state.view.opentill), ' ', h('button.link', { type: 'button', 'data-focus': 'forget', onclick: act.forget }, t('memory.forget'))),
    chosen && state.view.always && !state.token && (state.remember || state.view.open) && tick('always', state, act, t(state.view.purpose === 'show' ? 'always.list' : 'always.login')),
    chosen && chosen.soon && notice('warn', '', t('key.renew')),
    unfit.length > 0 && (fit.length === 0
      ? h('div.choices', null, h('p.small.muted', null, t(state.token ? 'none.holds_token' : 'none.holds')), unfit.map(disabled))
      : h('details.more', null, h('summary', null, n('key.unfit_more', unfit.length)), unfit.map(disabled))),
    fit.length === 0 && h('p.small.muted', null, t(state.token ? 'none.where_token' : 'none.where')),
    fit.length > 0 && h('button.link', { type: 'button', 'data-focus': 'other', onclick: act.other }, t(state.view.tokens ? 'key.another' : 'key.change')));
}

function card(k) {
  return h('div', null,
    h('h3', null, k.owner || t('key.no_owner')),
    k.organisation
      ? h('p.small', null, k.organisation, k.bin && ` · ${t('key.bin')} ${k.bin}`)
      : k.owner && h('p.small', null, t('key.person')),
    h('div.lines.muted', null,
      k.role && h('span', null, t(k.role)),
      (k.iin || k.use) && h('span', null, [k.iin && `${t('key.iin')} ${k.iin}`, k.use && t(k.use)].filter(Boolean).join(' · ')),
      k.validity && h('span', { class: k.expired || k.soon ? 'mark ended' : '' }, k.expired || k.soon ? icon('warning', 16) : null, [own(k.validity), own(k.left)].filter(Boolean).join(' · ')),
      h('span', null, [own(k.algorithm), k.issuer].filter(Boolean).join(' · ')),
      k.reason === 'warning.no_client_auth' && h('span', null, t(k.reason))));
}

function disabled(k) {
  return h('div.choice.unfit.key', { 'aria-disabled': 'true' },
    icon('key'),
    h('div', null,
      h('h3', null, k.owner || t('key.no_owner')),
      k.organisation && h('p.small.muted', null, k.organisation),
      h('p.small', null, h('b', null, `${t('key.unfit')}. `), t(k.reason)),
      k.validity && h('p.small.muted', null, [k.use && t(k.use), own(k.validity)].filter(Boolean).join(' · '))));
}

// none says that no key fits, and which one would.
function none(state) {
  const w = state.view.wanted;
  const wishes = [
    w.use && t(w.use),
    ...(w.roles || []).map((r) => t(r)),
    w.iin && `${t('key.iin')} ${w.iin}`,
    w.bin && `${t('key.bin')} ${w.bin}`,
    w.serial && t('none.number', w.serial),
  ].filter(Boolean);
  return notice('danger', t(state.token ? 'none.title_token' : 'none.title'), wishes.length > 0 && h('p', null, t('none.wanted')), wishes.length > 0 && h('ul', null, wishes.map((x) => h('li', null, x))));
}
