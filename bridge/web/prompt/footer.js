// Am I sure: the buttons, and when they may be pressed.

import { h } from './dom.js';
import { t, n } from './text.js';
import { state, form } from './state.js';
import { act, block, refuse, stop } from './actions.js';
import { retry } from './retry.js';

export function footer() {
  const button = (label, props) => h('button', { type: 'button', ...props }, label);
  const cancel = button(t('button.cancel'), { 'data-focus': 'cancel', onclick: refuse });
  const primary = (label) => h('button.primary', { type: 'submit', 'data-focus': 'primary', 'aria-disabled': String(!ready()) }, label);
  const choose = (label, focus, onclick) => h('button.main', { type: 'button', 'data-focus': focus, onclick }, label);
  const main = () => {
    if (state.view.purpose === 'list') return primary(t('button.allow'));
    if (state.keys?.some((k) => k.fits)) return primary(t(state.view.purpose === 'show' ? 'button.show' : ['make', 'install'].includes(state.view.purpose) ? `button.${state.view.purpose}` : state.view.login ? 'button.login' : 'button.sign'));
    if (state.keys) return state.view.nofiles ? choose(t('key.another'), 'other', act.other) : choose(t('key.other_file'), 'other', () => { act.other(); act.browse(); });
    if (state.fresh && !state.token) return primary(t('button.next'));
    if (state.file || state.token) return primary(t(state.opening ? 'button.opening' : 'button.open'));
    if (state.view.nofiles && !state.view.tokens) return null;
    return state.view.nofiles ? choose(t(state.looking ? 'button.looking' : 'button.again'), 'look', act.look) : choose(t('key.choose_file'), 'browse', act.browse);
  };
  let row;
  switch (state.screen) {
    case 'ask':
      row = [cancel, main()];
      break;
    case 'block':
      row = [button(t('button.back'), { 'data-focus': 'back', onclick: act.back }), button(t('button.block'), { class: 'danger', 'data-focus': 'sure', onclick: block })];
      break;
    case 'browse':
      row = state.view.purpose === 'pick'
        ? [cancel, primary(t(state.view.directory ? 'button.pick_folder' : 'button.pick'))]
        : [button(t('button.back'), { 'data-focus': 'back', onclick: act.back }), state.view.purpose === 'make' && choose(t('button.pick_folder'), 'take', act.takeFolder)];
      break;
    case 'work':
      row = [button(t(state.stopping ? 'button.stopping' : 'button.stop'), { 'data-focus': 'stop', 'aria-disabled': String(state.stopping), onclick: stop })];
      break;
    case 'retry':
      row = [button(t('button.stop'), { 'data-focus': 'stop', onclick: stop }), state.short.pin ? primary(t(state.opening ? 'button.opening' : 'button.again')) : choose(t('button.again'), 'again', retry)];
      break;
    default:
      row = [button(t('button.close'), { 'data-focus': 'close', onclick: () => window.close() })];
  }
  return h('footer', null,
    state.waiting > 0 && h('p.waiting', null, n('wait.count', state.waiting)),
    h('div.buttons', null, row));
}

// ready says whether the main button does anything now.
export function ready() {
  if (state.screen === 'retry') return !state.opening && (!state.short.pin || (!state.short.pin.stop && (!state.short.pin.last || state.last)));
  if (state.screen === 'ask' && !state.keys && state.view.purpose !== 'list') return !state.opening && (state.token ? !state.token.pin.stop && (!state.token.pin.last || state.last) : Boolean(state.file || state.fresh));
  const age = state.since ? performance.now() - state.since : -1;
  if (age < state.view.minimum) return false;
  if (state.screen === 'browse') return state.view.directory ? Boolean(state.listing && !state.listing.error) : Boolean(state.picked);
  if (state.view.purpose === 'list') return state.screen === 'ask';
  const k = state.keys?.find((x) => x.id === state.key);
  return Boolean(k && k.fits && (!k.confirm || state.confirmed));
}

// rearm starts the time of the main button again: the question has changed.
export function rearm() { state.since = document.hasFocus() ? performance.now() : 0; }

let arming;

// arm enables the main button when its time has come.
export function arm() {
  clearTimeout(arming);
  const b = form.querySelector('button.primary');
  if (!b) return;
  b.setAttribute('aria-disabled', String(!ready()));
  if (state.since && performance.now() - state.since < state.view.minimum) {
    arming = setTimeout(arm, state.view.minimum - (performance.now() - state.since) + 20);
  }
}
