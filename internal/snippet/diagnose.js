/* Why does this page not reach the signing program on the visitor's computer?
 *
 *   tanbaDiagnose().then(function (r) { show(r.text.kk); });
 *   r = { code, detail, ok, text: { kk, ru, en } }; ok: a page can sign now.
 *
 * Options: port (13579); wait (60000), ms for the visitor to answer the browser.
 * The codes are those of "tanba doctor". Free to copy, change and publish, also
 * without this notice; as is, without warranty of any kind.
 */
function tanbaDiagnose(options) {
  'use strict';
  options = options || {};
  var at = '127.0.0.1:' + (options.port || 13579);
  var wait = options.wait || 60000;
  var before = null; // the permission as it was; null = the browser knows none
  var csp = false;
  var words = {
    'OK': ['Tanba жұмыс істеп тұр.', 'Tanba работает.', 'Tanba is running.'],
    'NOT_RUNNING': ['Tanba жауап бермейді: іске қосыңыз немесе орнатыңыз.',
    'Tanba не отвечает: запустите или установите её.',
    'Tanba does not answer: start or install it.'],
    'PORT_TAKEN': ['Tanba портын басқа бағдарлама алып тұр: оны жабыңыз.',
    'Порт Tanba занят другой программой: закройте её.',
    'Another program holds the port of Tanba: close it.'],
    'PORT_TAKEN.compatible': ['Tanba орнына басқа бағдарлама жауап береді (NCALayer?).',
    'Вместо Tanba отвечает другая программа (NCALayer?).',
    'Another program answers in the place of Tanba (NCALayer?).'],
    'NOT_TRUSTED': ['Браузер Tanba сертификатына сенбейді: tanba trust repair',
    'Браузер не доверяет сертификату Tanba: tanba trust repair',
    'The browser does not trust the certificate of Tanba: tanba trust repair'],
    'LNA_BLOCKED.prompt': ['Браузер сұрағанда рұқсат беріңіз; сұрамаса, бетті жаңартыңыз.',
    'Разрешите доступ, когда браузер спросит; если не спросил, обновите страницу.',
    'Allow access when the browser asks; if it did not, reload the page.'],
    'LNA_BLOCKED.denied': ['Браузер сайтты компьютерге жібермейді: мекенжай жолындағы белгіден рұқсат беріңіз (немесе әкімші тыйған).',
    'Браузер не пускает сайт к компьютеру: разрешите в значке строки адреса (или запретил администратор).',
    'The browser keeps this site from your computer: allow it at the icon in the address bar (or an administrator forbids it).'],
    'LNA_BLOCKED.frame': 'iframe allow="loopback-network"',
    'LNA_BLOCKED.insecure': 'http: → https:',
    'EXTENSION': ['Tanba орнына браузер кеңейтімі жауап береді: оны өшіріңіз.',
    'Вместо Tanba отвечает расширение браузера: отключите его.',
    'A browser extension answers in the place of Tanba: switch it off.'],
    'UNKNOWN': ['Tanba жұмыс істейді, бірақ қосылым ашылмайды: прокси, антивирус?',
    'Tanba работает, но соединение не открывается: прокси, антивирус?',
    'Tanba is running, but no connection opens: a proxy, an antivirus?'],
    'UNKNOWN.csp': 'Content-Security-Policy connect-src',
    'UNKNOWN.browser': ['Бұл браузер тым ескі.', 'Этот браузер слишком старый.', 'This browser is too old.']
  };

  function result(code, detail) {
    var w = words[detail ? code + '.' + detail : code];
    if (typeof w === 'string') w = ['Сайт қатесі: ' + w, 'Ошибка сайта: ' + w, 'The site is at fault: ' + w];
    return { code: code, detail: detail || '', ok: code === 'OK' || detail === 'compatible', text: { kk: w[0], ru: w[1], en: w[2] } };
  }
  if (!window.Promise || !window.fetch || !window.WebSocket) {
    return { then: function (done) { done(result('UNKNOWN', 'browser')); } };
  }

  function permission() {
    function ask(names) {
      if (!names.length) return null;
      return new Promise(function (done) { done(navigator.permissions.query({ name: names[0] })); }).then(function (p) { return p.state; }, function () { return ask(names.slice(1)); });
    }
    return ask(['loopback-network', 'local-network-access']);
  }
  // "greeting", "closed", "tls" (told by Firefox), or "pending": nothing in time.
  function socket() {
    return new Promise(function (done) {
      var s, timer;
      function end(how) {
        clearTimeout(timer);
        done(how);
        if (s) s.close();
      }
      timer = setTimeout(function () { end('pending'); }, before === 'prompt' ? wait : Math.min(wait, 10000));
      try { s = new WebSocket('wss://' + at); } catch (e) { end('closed'); return; }
      s.onmessage = function () { end('greeting'); };
      s.onclose = function (e) { end(e.code === 1015 ? 'tls' : 'closed'); };
    });
  }
  // The text of /health, "" when it may not be read, null for none, 0 for none in time.
  function get(scheme, mode) {
    return new Promise(function (done) {
      setTimeout(function () { done(0); }, before === 'prompt' ? wait : 5000);
      fetch(scheme + '://' + at + '/health', { mode: mode, cache: 'no-store', credentials: 'omit' })
        .then(function (r) { return r.text(); })
        .then(done, function () { done(null); });
    });
  }
  function look(scheme) {
    return get(scheme, 'cors').then(function (text) { return text === null ? get(scheme, 'no-cors') : text; });
  }
  function ours(text) { return /tanba/i.test(text); }
  // Somebody listens, or the browser would not ask.
  function unanswered() { return before === 'prompt' ? result('LNA_BLOCKED', 'prompt') : result('PORT_TAKEN'); }
  function denied() {
    var policy = document.permissionsPolicy || document.featurePolicy;
    if (window.isSecureContext === false) return result('LNA_BLOCKED', 'insecure');
    if (window !== window.top && policy && policy.allowsFeature && !policy.allowsFeature('loopback-network')) return result('LNA_BLOCKED', 'frame');
    return result('LNA_BLOCKED', before === 'prompt' ? 'prompt' : 'denied');
  }

  function connected(now) {
    if (now === 'prompt') return result('OK'); // looking further would make the browser ask
    return look('https').then(function (text) {
      return text === null || text === 0 || ours(text) ? result('OK') : result('PORT_TAKEN', 'compatible');
    });
  }
  function refused(how, now) {
    if (csp) return result('UNKNOWN', 'csp');
    if (now === 'denied') return denied();
    if (now === 'prompt' && how === 'pending') return unanswered();
    if (now === 'prompt' && how === 'tls') return result('NOT_TRUSTED'); // and no question
    return look('https').then(function (text) {
      if (csp) return result('UNKNOWN', 'csp');
      if (text === 0) return unanswered();
      if (text !== null) return result(ours(text) ? 'UNKNOWN' : 'PORT_TAKEN');
      // Without a trusted certificate only plain HTTP tells whether somebody is there.
      return look('http').then(function (plain) {
        if (plain === 0) return unanswered();
        if (ours(plain)) return result('NOT_TRUSTED');
        return permission().then(function (state) {
          if (state === 'denied') return denied();
          return result(plain !== null || how === 'pending' ? 'PORT_TAKEN' : 'NOT_RUNNING');
        });
      });
    });
  }

  function violation(e) { if (String(e.blockedURI).indexOf(at) >= 0) csp = true; }
  // Extensions that answer themselves put their own WebSocket into every page.
  if (!/^function WebSocket\(\)\s*\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(WebSocket))) return Promise.resolve(result('EXTENSION'));
  document.addEventListener('securitypolicyviolation', violation);
  return permission().then(function (state) {
    before = state;
    return socket();
  }).then(function (how) {
    return permission().then(function (now) { return how === 'greeting' ? connected(now) : refused(how, now); });
  }).then(function (r) {
    document.removeEventListener('securitypolicyviolation', violation);
    return r;
  });
}
