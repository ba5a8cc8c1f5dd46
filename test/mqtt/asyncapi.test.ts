import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type AnySchema } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { CHANNELS } from '../../scripts/asyncapi/channels.ts';
import { EVENT_EXAMPLES } from '../../scripts/asyncapi/example-events.ts';
import { commandTopics } from '../../src/commands/index.ts';
import { EVENT_TYPES, type EventType } from '../../src/journal/index.ts';
import { topicsOf } from '../../src/mqtt/index.ts';
import { reportTopic, siteTopics } from '../../src/site/index.ts';
import { judgeByDocument, judgeInner, readDocument } from '../support/asyncapi.ts';
import { mosquittoInstalled, startMosquitto } from '../support/mosquitto.ts';
import { openGate, subscribe, until } from './support.ts';

const file = new URL('../../docs/reference/asyncapi.json', import.meta.url);
const document = readDocument();
const judge = judgeByDocument(document);
const types = Object.keys(EVENT_TYPES).filter((type): type is EventType => type in EVENT_TYPES);
const addressed = (address: string) => address.replaceAll(/\{(\w+)\}/g, 'some-$1');

describe('docs/reference/asyncapi.json', () => {
  it('is an AsyncAPI 3.0 document, by the schema of the specification', () => {
    const specification: AnySchema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json');
    // The specification brings JSON Schema draft 7 along.
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
    addFormats.default(ajv);
    const validate = ajv.compile(specification);
    expect(validate(JSON.parse(readFileSync(file, 'utf8'))) ? [] : validate.errors?.slice(0, 5)).toEqual([]);
  });

  it('refers to nothing that is not in it', () => {
    const text = readFileSync(file, 'utf8');
    const references = new Set([...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = '']) => path));
    const whole: unknown = JSON.parse(text);
    const found = (path: string) => path.split('/').reduce<unknown>((at, key) => Object(at)[key], whole);
    expect(references.size).toBeGreaterThan(100);
    expect([...references].filter((path) => found(path) === undefined)).toEqual([]);
  });

  it('names every topic that the code has', () => {
    const own = topicsOf('{topic}', '{gate}');
    const commands = commandTopics('{topic}', '{gate}');
    const site = siteTopics('{topic}', '{site}');
    const known = Object.values(document.channels).map(({ address }) => address);
    for (const topic of [
      own.status,
      ...types.map((type) => own.event(type)),
      own.state('doors', '{door}'),
      own.state('cameras', '{camera}'),
      own.state('inputs', '{input}'),
      own.prompt('{door}'),
      commands.commands,
      `${commands.replies}/{sender}`,
      ...[site.manifest, site.keys('{gate}'), site.photo('{person}', '{photo}')],
      site.index(7).replace('/7', '/{bucket}'),
      site.person('{person}').replace(/people\/\d+/, 'people/{bucket}'),
      reportTopic('{topic}', '{gate}'),
    ]) {
      expect(known).toContain(topic);
    }
  });

  it('has examples, each as its schema says', () => {
    const problems = Object.values(CHANNELS).flatMap(({ address, examples }) =>
      examples.map((example) => judge({ topic: addressed(address), payload: JSON.stringify(example) })),
    );
    expect(problems.length).toBeGreaterThan(types.length);
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  it('has examples whose signed text is as its schema says as well', () => {
    const judgeText = judgeInner(document);
    const signed = Object.values(CHANNELS).filter(({ inner }) => inner !== undefined);
    const problems = signed.flatMap(({ address, examples }) =>
      examples.map((example) => judgeText({ topic: addressed(address), payload: JSON.stringify(example) })),
    );
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });

  it('finds a message that has a member more, one less, another type, or another topic', () => {
    const topic = 'menshen/north/events/door/unlocked';
    const [event] = document.components.messages.DoorUnlocked?.examples ?? [];
    const good = JSON.parse(JSON.stringify(event?.payload));
    const said = (payload: unknown, at = topic) => judge({ topic: at, payload: JSON.stringify(payload) });
    expect(said(good)).toBeNull();
    expect(said({ ...good, data: { ...good.data, more: 1 } })).toMatch(/additional/);
    expect(said({ ...good, data: { ...good.data, cause: undefined } })).toMatch(/cause/);
    expect(said({ ...good, data: { ...good.data, relayMs: '5000' } })).toMatch(/relayMs/);
    expect(said({ ...good, type: 'door.locked' })).toMatch(/type/);
    expect(said(good, 'menshen/north/events/door/locked')).not.toBeNull();
    expect(said(good, 'menshen/north/events/door/kicked')).toMatch(/no such topic/);
    expect(judge({ topic, payload: JSON.stringify(good), retain: true })).toMatch(/retained/);
  });
});

describe.skipIf(!mosquittoInstalled())('the examples', () => {
  it('are what a gate sends: an event of each type, the states and the status', async () => {
    const broker = await startMosquitto();
    try {
      const heard = await subscribe(broker.url);
      const gate = openGate(broker.url);
      for (const type of types)
        gate.journal.append({ type, door: 'main', data: { ...EVENT_EXAMPLES[type] } });
      gate.link.setState({ of: 'cameras', id: 'entrance', report: { state: 'connecting', attempt: 1 } });
      gate.link.start();
      await until('every event', () => heard.events().length === types.length);
      await until('state and status', () => heard.messages.length >= types.length + 2);
      const problems = heard.messages.map(({ topic, payload }) =>
        judge({ topic, payload: JSON.stringify(payload) }),
      );
      expect(problems.filter((problem) => problem !== null)).toEqual([]);
      expect(new Set(heard.events().map(({ type }) => type)).size).toBe(types.length);
    } finally {
      await broker.stop();
    }
  });
});
