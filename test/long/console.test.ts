import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Prompt, type PromptCode, Prompter } from '../../src/console/index.ts';
import { ConsoleServer } from '../../src/console/server.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);

/** The display at the door: a real browser before the real page. */
describe('the page at a door in a browser', () => {
  let browser: Browser;
  let server: ConsoleServer;
  let port: number;
  let page: Page;
  /** What the page asked for, and what it complained of. */
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    if (CHROMIUM === undefined)
      throw new Error('Chromium is missing: node scripts/setup.mjs --long installs it.');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    server = new ConsoleServer(['front', 'back']);
    port = await server.listen('127.0.0.1', 0);
    page = await browser.newPage();
    requests.length = 0;
    complaints.length = 0;
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });

  const prompter = new Prompter([(prompt: Prompt) => server.show(prompt)]);
  const show = (code: PromptCode, forMs?: number) => prompter.show('front', code, forMs);
  const text = (id: string) => page.locator(id).textContent();
  const visit = async (path: string) => {
    await page.goto(`http://127.0.0.1:${port}${path}`);
    await expect.poll(() => page.locator('main').getAttribute('data-state')).toBe('live');
  };

  it('shows each prompt as it comes, in both languages, and takes it away when its time is over', async () => {
    await visit('/doors/front');
    expect(await text('#en')).toBe('');
    show('TURN_LEFT', 6000);
    await expect.poll(() => text('#en')).toBe('Please turn your head to the left');
    expect(await text('#zh')).toBe('请向左转头');
    expect(await page.locator('#zh').isVisible()).toBe(true);
    show('GRANTED', 700);
    await expect.poll(() => text('#en')).toBe('Please enter');
    const green = 'getComputedStyle(document.querySelector("main")).backgroundColor';
    expect(await page.evaluate(green)).toBe('rgb(13, 92, 47)');
    await expect.poll(() => text('#en'), { timeout: 3000 }).toBe('');
    expect(complaints).toEqual([]);
    const own = `http://127.0.0.1:${port}/`;
    expect(requests.filter((url) => !url.startsWith(own))).toEqual([]);
  });

  it('shows one language where that is asked, and what stands when it is opened', async () => {
    show('ENTER_PIN', 30_000);
    await visit('/doors/front?lang=zh');
    await expect.poll(() => text('#zh')).toBe('请输入密码');
    expect(await page.locator('#zh').isVisible()).toBe(true);
    expect(await page.locator('#en').isVisible()).toBe(false);
    await visit('/doors/back');
    show('NOD', 30_000);
    await page.waitForTimeout(300);
    expect(await text('#en')).toBe('');
  });

  it('shows nothing old while the gate is away, and comes back by itself', async () => {
    await visit('/doors/front');
    show('NOD', 60_000);
    await expect.poll(() => text('#en')).toBe('Please nod');
    await server.close();
    await expect.poll(() => page.locator('main').getAttribute('data-state')).toBe('lost');
    expect(await text('#en')).toBe('');
    server = new ConsoleServer(['front', 'back']);
    await server.listen('127.0.0.1', port);
    await expect
      .poll(() => page.locator('main').getAttribute('data-state'), { timeout: 10_000 })
      .toBe('live');
    show('SECOND_PERSON', 60_000);
    await expect.poll(() => text('#en')).toBe('Second person, please');
  });

  it('cannot be framed by another page', async () => {
    await page.setContent(`<iframe src="http://127.0.0.1:${port}/doors/front"></iframe>`);
    await expect.poll(() => complaints.join()).toContain('frame-ancestors');
  });
});
