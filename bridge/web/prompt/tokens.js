// Tokens: each by its label and serial, whose certificates it shows, and what its
// PIN allows. A PIN is one try per click, and the last one needs its own yes.

import { h, icon, notice } from './dom.js';
import { t, own } from './text.js';
import { trouble } from './stores.js';

// token is one token to choose; password draws the field of the chosen one.
export function token(x, i, state, act, password) {
  if (x.problem) return broken(x);
  const chosen = state.token === x;
  return h('div.choice', { onclick: chosen ? null : () => act.token(x) },
    h('input', { type: 'radio', name: 'file', id: `token-${i}`, checked: chosen, 'data-focus': `token-${i}`, onchange: () => act.token(x) }),
    h('div', null,
      h('label', { for: `token-${i}` },
        h('h3', null, x.owners?.length ? x.owners[0].name : x.label || t('token.title')),
        h('p.small.muted', null, [t('token.title'), x.owners?.length ? x.label : '', x.serial && t('token.serial', x.serial)].filter(Boolean).join(' · ')),
        x.owners?.length > 0 && h('p', { class: `small ${x.owners[0].state ? 'ended mark' : 'muted'}` }, x.owners[0].state && icon('warning', 16), own(x.owners[0].until)),
        (x.owners || []).slice(1).filter((o) => o.name !== x.owners[0].name).map((o) => h('p.small.muted', null, o.name))),
      chosen && pin(x, state, act, password)));
}

// broken is a token that cannot be used, with what to do about it.
function broken(x) {
  return h('div.choice.unfit', { 'aria-disabled': 'true' },
    icon('token'),
    h('div', null,
      h('h3', null, x.label || t('token.title')),
      x.serial && h('p.small.muted', null, t('token.serial', x.serial)),
      h('p.small', null, h('b', null, own(x.problem)), x.hint ? `. ${own(x.hint)}` : '')));
}

// begin is where the person goes on with a token.
export const begin = (x) => (x.pin.last ? 'last' : x.pin.pad ? 'primary' : 'password');

// pin is the place of the PIN, or why there is none.
export function pin(x, state, act, password) {
  const p = x.pin;
  if (p.stop) return h('div.pin', null, trouble(p.stop));
  const tries = p.last ? null : p.left >= 0 && p.low ? t('pin.left', p.left) : p.low ? t('pin.low') : null;
  return h('div.pin', null,
    p.last && [
      notice('danger', t('pin.last'), state.screen === 'retry' ? t('retry.last_try') : t('pin.last.text')),
      h('label.confirm', null,
        h('input', { type: 'checkbox', checked: state.last, 'data-focus': 'last', onchange: (e) => act.lastTry(e.target.checked) }),
        t('pin.confirm_last')),
    ],
    p.pad
      ? h('div', null, h('p.hint.plain', null, icon('token', 16), t(state.opening ? 'pin.pad_now' : 'pin.pad')), state.trouble && trouble(state.trouble))
      : password(state, act, true),
    tries && h('p.hint', null, icon('warning', 16), tries),
    state.trouble === 'unlock.pin_format' && own(p.length) && h('p.small.muted', null, own(p.length)),
    state.trouble === 'unlock.wrong_pin' && x.factory && h('p.small.muted', null, t(x.factory)));
}

// missing says why no token is there and what happens next.
export function missing(state) {
  const { view } = state;
  if (!view.tokens) {
    return view.nofiles && notice('warn', t('token.unsupported'), t('token.unsupported.hint'));
  }
  if (state.looking && state.tokens === null) return h('p.small.muted', { role: 'status' }, t('token.looking'));
  if (state.driver) return notice('danger', t(state.driver), t(`${state.driver}.hint`));
  if (state.tokens === null) return null;
  if (state.lost) return notice('warn', t('unlock.token_gone'), t(view.watched ? 'token.back_watched' : 'token.back'));
  if (state.tokens.length > 0) return null;
  if (view.nofiles) return notice('warn', t('token.none'), t(view.watched ? 'token.none_watched' : 'token.none_again'));
  return h('p.small.muted', null, `${t('token.none')}. `, t(view.watched ? 'token.none_watched' : 'token.none_again'));
}
