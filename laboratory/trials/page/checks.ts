// What a person does with the page, and what must come of it.

import { readFile } from 'node:fs/promises';
import { demand } from '../api/call.ts';
import { modelShown, type SizeName, someText } from './bed.ts';
import type { Check } from './check.ts';
import { faultChecks } from './fault-checks.ts';
import { fleetChecks } from './fleet-checks.ts';
import { roundTripMs } from './scene.ts';

const both: readonly SizeName[] = ['desktop', 'phone'];
const question = 'Why is the sky blue?';

const key: Check = {
  name: 'asks for the key once, and says that one is wrong',
  sizes: both,
  async run(bed) {
    const { page, scene } = bed;
    await page.goto(scene.device.url);
    await bed.shows(/asks for a key/);
    await bed.audit('key');
    for (const wrong of ['wrong', 'schlüssel mit blank']) {
      await page.fill('input[type=password]', wrong);
      await bed.click('Use this key');
      await bed.shows(wrong === 'wrong' ? /wrong or revoked/ : /without blanks/);
    }
    await page.fill('input[type=password]', scene.device.key);
    await bed.click('Use this key');
    await page.waitForSelector('form.key', { state: 'detached' });
    await page.reload();
    await bed.until(modelShown);
    demand((await page.locator('form.key').count()) === 0, 'the key is asked again after a reload');
    const other = await bed.context.newPage();
    await other.goto(scene.device.url);
    // Kept for the tab only.
    await other.waitForSelector('form.key');
  },
};

const answer: Check = {
  name: 'answers, tints drafts, and shows facts',
  sizes: both,
  async run(bed) {
    const { page } = bed;
    await bed.enter();
    demand((await page.evaluate('location.hash')) === '', 'the key stays in the address');
    await bed.audit('empty');
    await bed.ask(question);
    const facts = (await page.textContent('.facts')) ?? '';
    for (const words of [/tokens/, /ms a token/, /of \d+ drafts accepted/, /edge ws:/, /verified/])
      demand(words.test(facts), `${facts} lacks ${words}`);
    demand((await page.locator('.answer .drafted').count()) > 0, 'no draft is tinted');
    demand((await page.evaluate('document.activeElement.id')) === 'message', 'the box has lost the focus');
    await bed.audit('answer');
    await page.reload();
    await page.waitForSelector('.composer');
    await page.waitForSelector('.facts');
    demand((await bed.kept()).length === 2, 'the chat is gone after a reload');
  },
};

const stop: Check = {
  name: 'stops by Escape, and keeps what was written',
  async run(bed) {
    const { page } = bed;
    await bed.choose(2000);
    await bed.enter();
    await bed.send(question);
    await bed.until(someText);
    await page.keyboard.press('Escape');
    await bed.settled();
    await bed.shows(/You have stopped it/);
    const [text = ''] = (await bed.kept()).filter(({ role }) => role === 'assistant').map((one) => one.text);
    demand(text.length > 20, 'what was written is gone');
  },
};

const again: Check = {
  name: 'writes another answer, and keeps the earlier one',
  async run(bed) {
    await bed.enter();
    await bed.ask(question);
    const first = await bed.page.textContent('.answer .markdown');
    await bed.click('Again');
    await bed.settled();
    await bed.shows(/2 of 2/);
    await bed.click('Earlier version');
    await bed.shows(/1 of 2/);
    demand((await bed.page.textContent('.answer .markdown')) === first, 'the earlier answer is another one');
  },
};

const edit: Check = {
  name: 'edits a question, and keeps the earlier one',
  async run(bed) {
    const { page } = bed;
    await bed.enter();
    await bed.ask(question);
    await bed.click('Edit');
    await page.fill('.question textarea', 'Why is grass green?');
    await bed.audit('edit');
    await bed.click('Send again');
    await bed.settled();
    await bed.shows(/Why is grass green/);
    demand((await bed.kept()).length === 4, 'a question or an answer is gone');
    demand((await page.evaluate('document.activeElement.id')) === 'message', 'the focus is lost after the edit');
  },
};

const compare: Check = {
  name: 'compares with and without drafts: the same text, and both times',
  sizes: both,
  async run(bed) {
    const { page } = bed;
    await bed.enter();
    // In the greeting, and later in the comparison.
    const emulated = new RegExp(`emulated, with a round trip of ${roundTripMs} ms`);
    await bed.shows(emulated);
    await page.locator('.examples button').first().click();
    await bed.click('Compare');
    await page.waitForSelector('.run .time strong');
    await bed.settled();
    await bed.shows(/Both texts are equal.* times as long\. But 40 tokens are too few to tell/);
    await bed.shows(emulated);
    demand((await page.locator('.examples').count()) === 0, 'examples are offered after the first question');
    await bed.shows(/This machine drafts/);
    const times = await page.locator('.time').allInnerTexts();
    demand(
      times.length === 2 && times.every((one) => /\d s\s[\s\S]*ms a token/.test(one)),
      `times: ${times.join('; ')}`,
    );
    await bed.audit('comparison');
    await page.locator('.answer').getByRole('button', { name: 'Compare' }).click();
    await bed.settled();
    demand(
      (await bed.kept()).every(({ comparison }) => comparison?.differsAt == null),
      'the texts differ',
    );
    await bed.shows(/2 of 2/);
  },
};

const menu: Check = {
  name: 'has a menu that opens and closes by keys',
  sizes: ['phone'],
  async run(bed) {
    const { page } = bed;
    await bed.enter();
    await bed.ask(question);
    await page.locator('.menu').focus();
    await page.keyboard.press('Enter');
    await bed.shows(/Tint drafted tokens/);
    await bed.audit('menu');
    await page.keyboard.press('Escape');
    await page.waitForSelector('aside', { state: 'hidden' });
    demand((await page.evaluate('document.activeElement.className')) === 'quiet menu', 'the focus does not come back');
  },
};

const plainEdge: Check = {
  name: "says on an edge's own page that both runs are plain",
  async run(bed) {
    await bed.enter(await bed.scene.edge('plain'));
    await bed.page.fill('#message', question);
    await bed.click('Compare');
    await bed.settled();
    await bed.shows(/Nothing drafts here, so both runs are plain/);
    await bed.shows(/Both texts are equal/);
    await bed.shows(/slowed to the speed of: 8B target/);
  },
};

const tabs: Check = {
  name: 'loses nothing in two tabs with one history',
  async run(bed) {
    const { page, context } = bed;
    await bed.enter();
    await bed.ask(question);
    const other = await context.newPage();
    bed.watch(other);
    await bed.enter(bed.scene.device, other);
    // The same chat in both.
    await other.locator('aside .title').first().click();
    await other.waitForSelector('.facts');
    await Promise.all([bed.ask('What is a pump?', page), bed.ask('What is a valve?', other)]);
    await bed.click('New chat', other);
    await Promise.all([bed.ask('One more.', page), bed.ask('And one more.', other)]);
    const kept = await bed.kept();
    demand(kept.length === 10, `${kept.length} messages of 10 are kept`);
    demand(
      kept.every(({ end }) => end === 'whole' || end === 'length'),
      'an answer has no end',
    );
    await bed.until("document.querySelectorAll('aside .title').length === 2");
  },
};

const leave: Check = {
  name: 'exports all chats as a file, and deletes them',
  async run(bed) {
    const { page } = bed;
    await bed.enter();
    await bed.ask(question);
    const file = await bed.download('Export all chats');
    const text = await readFile(await file.path(), 'utf8');
    const { format, chats } = JSON.parse(text) as { format: string; chats: { messages: { text: string }[] }[] };
    demand(format === 'outrider-chats-1', `the format is ${format}`);
    demand(chats[0]?.messages[0]?.text === question, 'the file lacks the question');
    page.on('dialog', (dialog) => void dialog.accept());
    const texts = await bed.texts();
    demand(
      texts.every(({ text: own, expected }) => own === expected),
      'the exported answer is not the target’s',
    );
    await page.getByRole('button', { name: /^Delete chat/ }).click();
    await bed.shows(/No chats yet/);
    demand((await bed.kept()).length === 0, 'a deleted chat is still kept');
  },
};

export const checks: readonly Check[] = [
  key,
  answer,
  stop,
  again,
  edit,
  compare,
  menu,
  plainEdge,
  tabs,
  leave,
  ...faultChecks,
  ...fleetChecks,
];
