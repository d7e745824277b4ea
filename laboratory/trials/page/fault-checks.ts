// What goes wrong, and what the page must make of it: one sentence, and what was written stays.

import { demand } from '../api/call.ts';
import { type Bed, someText } from './bed.ts';
import type { Check } from './check.ts';

const question = 'Why is the sky blue?';

/** What stays of the answers so far. */
async function written(bed: Bed): Promise<string> {
  const answers = (await bed.kept()).filter(({ role }) => role === 'assistant');
  return answers.map(({ text }) => text).join('');
}

const offline: Check = {
  name: 'says that it is offline, and answers when it is back',
  async run(bed) {
    await bed.enter();
    await bed.ask(question);
    const before = await written(bed);
    await bed.context.setOffline(true);
    await bed.ask('And at night?');
    await bed.shows(/does not answer/);
    demand((await written(bed)) === before, 'what was written has changed');
    await bed.context.setOffline(false);
    await bed.click('Again');
    await bed.settled();
    demand((await written(bed)).length > before.length, 'there is no answer');
  },
};

const slow: Check = {
  name: 'works over a slow network',
  async run(bed) {
    const devtools = await bed.context.newCDPSession(bed.page);
    const bytes = 20_000;
    const conditions = { offline: false, latency: 400, downloadThroughput: bytes, uploadThroughput: bytes };
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', conditions);
    await bed.enter();
    await bed.ask(question);
    await bed.shows(/ms a token/);
  },
};

const cut: Check = {
  name: 'says that a proxy has cut the answer, and keeps what was written',
  async run(bed) {
    await bed.choose(400);
    await using place = await bed.scene.proxied();
    await bed.enter(place);
    // Beyond the headers and the first chunks.
    place.cutAfter(6000);
    await bed.ask(question);
    await bed.shows(/connection ended before the answer did/);
    demand((await written(bed)).length > 0, 'nothing of the answer is kept');
    await bed.click('Again');
    await bed.until(someText);
    await bed.click('Stop');
    await bed.settled();
  },
};

const gone: Check = {
  name: 'says that the endpoint is gone',
  async run(bed) {
    await using place = await bed.scene.proxied();
    await bed.enter(place);
    await bed.ask(question);
    const before = await written(bed);
    await place[Symbol.asyncDispose]();
    await bed.ask('And at night?');
    await bed.shows(/does not answer/);
    demand((await written(bed)) === before, 'what was written has changed');
  },
};

const mostAttempts = 60;

const revoked: Check = {
  name: 'says that the key was revoked in the middle of a chat',
  async run(bed) {
    const { page, scene } = bed;
    const place = await scene.edge('revoked');
    await bed.choose(2000);
    await bed.enter(place);
    await bed.send(question);
    await bed.until(someText);
    await place.revoke();
    await bed.settled();
    // The edge reads the file of its keys again within some seconds.
    for (let attempt = 0; (await page.locator('form.key').count()) === 0; attempt += 1) {
      demand(attempt < mostAttempts, 'a revoked key is still taken');
      await bed.ask('Still here?');
    }
    await bed.shows(/wrong or revoked/);
    demand((await written(bed)).length > 20, 'what was written is gone');
    const other = await scene.edge('after');
    await page.fill('input[type=password]', other.key);
    await bed.click('Use this key');
    await page.waitForSelector('form.key', { state: 'detached' });
  },
};

const noStorage: Check = {
  name: 'works where the browser keeps nothing, and says so',
  isScripted: true,
  async run(bed) {
    for (const store of ['localStorage', 'sessionStorage'])
      await bed.context.addInitScript(
        `Object.defineProperty(window, '${store}', { get() { throw new DOMException('no', 'SecurityError'); } })`,
      );
    await bed.choose(40);
    await bed.enter();
    await bed.shows(/keeps no history/);
    await bed.send(question);
    await bed.page.waitForSelector('.facts');
    await bed.click('Stop').catch(() => {});
  },
};

/** Text of a model that wants to be more than text. */
const hostile = [
  '##### e\n# a\n### c',
  '<img src=x onerror="window.hacked=1"> <script>window.hacked=1</script> <iframe src="/"></iframe>',
  '[a](javascript:window.hacked=1) [b](data:text/html,<script>1</script>) ![c](https://evil.example/x.png)',
  '<style>body { display: none }</style> <a href="javascript:window.hacked=1" onclick="window.hacked=1">d</a>',
  `\`\`\`html\n${'</code></pre><script>window.hacked=1</script>'.repeat(30)}\n\`\`\``,
  `| ${'x'.repeat(500)} | <b onmouseover=window.hacked=1>y</b> |\n|---|---|\n| \u202egnp.exe | ${'\u0301'.repeat(200)} |`,
  '> '.repeat(2000),
  '- '.repeat(2000),
  `${'*a **b '.repeat(2000)}`,
  'w'.repeat(5000),
].join('\n\n');

const markdown: Check = {
  name: 'shows hostile Markdown and a hostile model name as text',
  sizes: ['desktop', 'phone'],
  isScripted: true,
  async run(bed) {
    const { page } = bed;
    const name = `<img src=x onerror="window.hacked=1">\u202e${'m'.repeat(300)}`;
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    const outrider = { mode: name, edges: [name], tokens: 9, acceptedDrafts: 1, rejectedDrafts: 1 };
    await page.route('**/v1/models', (route) => route.fulfill({ json: { data: [{ id: name }] } }));
    await page.route('**/v1/chat/completions', (route) => {
      const events = [
        { choices: [{ delta: { content: hostile } }], outrider: { pieces: [{ text: hostile, drafted: true }] } },
        { choices: [{ delta: {}, finish_reason: 'stop' }], outrider },
      ];
      const body = [...events.map((one) => JSON.stringify(one)), '[DONE]'].map((one) => `data: ${one}\n\n`).join('');
      return route.fulfill({ contentType: 'text/event-stream', body });
    });
    await bed.enter();
    await bed.ask(`${hostile.slice(0, 400)}`);
    const made = 'main img, main script, main iframe, main style, main [onclick], main [onmouseover]';
    demand((await page.locator(made).count()) === 0, 'text has become markup');
    const links = (await page.evaluate("[...document.querySelectorAll('main a')].map(({ href }) => href)")) as string[];
    demand(
      links.every((link) => /^https?:\/\//.test(link)),
      `links: ${links.join(' ')}`,
    );
    demand((await page.evaluate('window.hacked')) === undefined && dialogs === 0, 'a script of the text has run');
    await bed.audit('hostile');
  },
};

export const faultChecks: readonly Check[] = [offline, slow, cut, gone, revoked, noStorage, markdown];
