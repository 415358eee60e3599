// Runs a list of calls on the unmodified ncalayer-js-client, one after another,
// and tells what came back. The same file serves Node and a page in a browser:
// it exports runSession the way the client exports NCALayerClient.
//
// A call is {method, args}. An argument "!!name" stands for the constant of that
// name of the client class, as in the client's own recordings.
((exports) => {
  const limit = 120000;

  const within = (promise, what) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer to ${what} in ${limit} ms`)), limit);
    promise.then(
      (value) => { clearTimeout(timer); resolve(value); },
      (err) => { clearTimeout(timer); reject(err); },
    );
  });

  // reparse does with a signed document what egov.kz does: parses it, drops text
  // nodes of white space inside SignedInfo (only where the bridge promises that
  // there are none, for with them they are signed), writes it anew.
  const reparse = (text, drop) => {
    const document = new DOMParser().parseFromString(text, 'application/xml');
    const info = document.getElementsByTagNameNS('http://www.w3.org/2000/09/xmldsig#', 'SignedInfo')[0];
    if (drop) {
      const walker = document.createTreeWalker(info, NodeFilter.SHOW_TEXT);
      const blank = [];
      while (walker.nextNode()) if (!walker.currentNode.data.trim()) blank.push(walker.currentNode);
      blank.forEach((node) => node.remove());
    }
    return new XMLSerializer().serializeToString(document);
  };

  exports.runSession = async (Client, url, calls) => {
    const session = { version: '', requests: [], responses: [], frames: 0, closed: false, calls: [] };
    const client = new Client(url || undefined, false);
    client.onRequestReady = (text) => session.requests.push(text);
    client.onResponseReady = (text) => session.responses.push(text);

    const connected = client.connect();
    client.wsConnection.addEventListener('message', () => { session.frames += 1; });
    try {
      session.version = await within(connected, 'connect');
      for (const { method, args } of calls) {
        const started = Date.now();
        const outcome = { method };
        try {
          const given = args.map((arg) => (
            typeof arg === 'string' && arg.startsWith('!!') ? Client[arg.slice(2)] : arg));
          outcome.value = await within(client[method](...given), method);
          if (/xml/i.test(method) && typeof DOMParser !== 'undefined') {
            outcome.reparsed = [].concat(outcome.value).map((text) => reparse(text, method === 'basicsSignXML'));
          }
        } catch (err) {
          outcome.error = String(err.message || err);
          outcome.canceled = err.canceledByUser === true;
        }
        outcome.ms = Date.now() - started;
        session.calls.push(outcome);
      }
      // A frame nobody asked for would arrive now.
      await new Promise((resolve) => { setTimeout(resolve, 150); });
    } catch (err) {
      session.failed = String(err.message || err);
    } finally {
      client.wsConnection.onclose = null;
      const closed = new Promise((resolve) => {
        client.wsConnection.addEventListener('close', (event) => resolve(event.wasClean));
        setTimeout(() => resolve(false), 3000);
      });
      client.wsConnection.close();
      session.closed = await closed;
    }
    return session;
  };
})(typeof exports === 'undefined' ? this : exports);
