/**
 * The thread that keeps the records: journal and broker link, away from the thread of the doors. A disk that
 * takes seconds for a commit (SD cards do) or a broker that hangs holds up nobody but this thread.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { commandTopics, type ReplyAddress, signReply } from '../commands/index.ts';
import { createLogger, type DeviceKey, ERRORS, isoNow, messageOf, openDeviceKey } from '../common/index.ts';
import { Journal, type JournalEvent } from '../journal/index.ts';
import { Discovery, MqttLink, publicEvent } from '../mqtt/index.ts';
import { Backlog } from './backlog.ts';
import { CommandDesk } from './commands/desk.ts';
import type { CommandAnswer } from './commands/protocol.ts';
import { EntryStore } from './entry-store.ts';
import { Mailbox } from './mailbox.ts';
import { conditionOf } from './records-condition.ts';
import type {
  FromRecords,
  NumberedSubscription,
  RecordsSettings,
  TimedEvent,
  ToRecords,
} from './records-protocol.ts';

const FIRST_PRUNE_MS = 60_000;
const PRUNE_MS = 3_600_000;
/** An answer is of no use to a sender that comes later than this. */
const ANSWER_EXPIRY_S = 300;
/** Of the events in one answer, so that answer and overhead stay below the largest message. */
const RANGE_BYTES = 200_000;

const settings: RecordsSettings = workerData;
const log = createLogger('menshen', settings.logLevel);
const journal = Journal.open({
  dataDir: settings.dataDir,
  gate: settings.gate,
  log,
  outbox: settings.mqtt !== null,
  pictures: settings.retention.cropRetentionDays > 0,
  ...(settings.key === null ? {} : { key: Buffer.from(settings.key) }),
});
const backlog = new Backlog(journal, log);
const link =
  settings.mqtt === null
    ? null
    : new MqttLink({
        config: settings.mqtt,
        gate: settings.gate,
        version: settings.version,
        journal,
        log,
        ...(settings.discovery === undefined
          ? {}
          : { discovery: new Discovery({ ...settings.discovery, dataDir: settings.dataDir, log }) }),
        onOnline: (online) => tell({ kind: 'online', online }),
      });

const entryStore = new EntryStore(settings.dataDir, log, (number) => tell({ kind: 'kept', number }));
const mailboxes = new Map<number, Mailbox>();

function tell(message: FromRecords, handedOver: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, handedOver);
}

/** Events that came since the last commit: a slow disk makes the next commit carry more, not the events wait longer. */
let batch: TimedEvent[] = [];
let commit: NodeJS.Immediate | null = null;

function take(timed: TimedEvent): void {
  batch.push(timed);
  commit ??= setImmediate(writeBatch);
}

function writeBatch(): void {
  clearImmediate(commit ?? undefined);
  commit = null;
  const events = batch;
  batch = [];
  if (events.length > 0) {
    backlog.addAll(events);
    for (const { event } of events) {
      tell({ kind: 'taken', id: event.id });
    }
  }
}

function picture(event: string, jpeg: Uint8Array): void {
  try {
    journal.attachPicture(event, jpeg);
  } catch (error) {
    log.warn({ event, err: messageOf(error) }, 'the picture of an event could not be kept');
  }
}

function prune(): void {
  journal.prune(settings.retention).catch((error: unknown) => {
    log.error({ err: messageOf(error) }, 'old events could not be deleted');
  });
}

function subscribe({ number, subscription }: NumberedSubscription): void {
  const mailbox = new Mailbox((message) => tell({ kind: 'message', number, message }));
  mailboxes.set(number, mailbox);
  link?.subscribe(subscription, (message) => mailbox.put(message));
}

/** The desk for commands, if the site wants them; a fault of it costs the commands and nothing else. */
function openDesk(): CommandDesk | null {
  const { mqtt, commands, gate, dataDir } = settings;
  if (link === null || mqtt === null || commands === null) return null;
  const topics = commandTopics(mqtt.topic, gate);
  try {
    const opened = new CommandDesk({
      gate,
      config: commands,
      dataDir,
      replies: topics.replies,
      log,
      record: (event) => {
        const timed = { event, happenedAt: isoNow() };
        writeBatch();
        backlog.add(timed);
      },
      // The parts of a photo are handed over, not copied: the thread of the doors spends no time on them.
      accept: (command) =>
        tell(
          { kind: 'command', command },
          command.photo?.map(({ buffer }) => buffer),
        ),
      answer,
    });
    link.subscribe({ filter: topics.commands, qos: 1, retained: 'unwanted' }, (message) =>
      opened.take(message),
    );
    return opened;
  } catch (error) {
    log.error({ err: messageOf(error) }, 'no commands are taken');
    return null;
  }
}

let deviceKey: DeviceKey | null = null;

function answer({ topic, correlationData }: ReplyAddress, reply: CommandAnswer): void {
  try {
    deviceKey ??= openDeviceKey(settings.dataDir);
    let payload = signReply(reply, deviceKey);
    if (link !== null && Buffer.byteLength(payload) > link.maxPayload) {
      payload = signReply(tooLarge(reply), deviceKey);
    }
    link?.publish({
      topic,
      payload,
      expiryS: ANSWER_EXPIRY_S,
      ...(correlationData === null ? {} : { correlationData }),
    });
  } catch (error) {
    log.error({ err: messageOf(error) }, 'a command could not be answered');
  }
}

function tooLarge({ nonce, gate, command, at }: CommandAnswer): CommandAnswer {
  const error = { code: 'COMMAND_ANSWER_TOO_LARGE', message: ERRORS.COMMAND_ANSWER_TOO_LARGE };
  return { nonce, gate, command, at, state: 'failed', event: '', error };
}

/** Events as they are sent, as many as fit into an answer; or why they cannot be read. */
function readRange(after: number, limit: number): JournalEvent[] | string {
  try {
    let room = RANGE_BYTES;
    return journal
      .range({ after, limit })
      .map(publicEvent)
      .filter((event) => {
        room -= Buffer.byteLength(JSON.stringify(event));
        return room > 0;
      });
  } catch (error) {
    return messageOf(error);
  }
}

async function stop(): Promise<void> {
  backlog.stop();
  entryStore.stop();
  await link?.stop();
  desk?.close();
  // What comes now is not taken, and the gate knows it is not.
  parentPort?.removeAllListeners('message');
  journal.close();
  tell({ kind: 'stopped' });
  parentPort?.close();
}

parentPort?.on('message', (message: ToRecords) => {
  if (message.kind === 'event') {
    return take(message);
  }
  // What follows an event may be about it: its picture, its person's erasure.
  writeBatch();
  switch (message.kind) {
    case 'picture':
      return picture(message.event, message.jpeg);
    case 'state':
      return link?.setState(message.part);
    case 'erased':
      return erase(message.people);
    case 'key':
      return journal.useKey(Buffer.from(message.key));
    case 'subscribe':
      return subscribe(message);
    case 'heard':
      return mailboxes.get(message.number)?.heard();
    case 'answer':
      return answer(message.to, message.answer);
    case 'range': {
      const { request, after, limit } = message;
      return tell({ kind: 'range', request, events: readRange(after, limit) });
    }
    case 'condition': {
      const { dataDir } = settings;
      return tell({ kind: 'condition', condition: conditionOf({ journal, backlog, link, dataDir }) });
    }
    case 'level':
      log.level = message.level;
      return;
    case 'publish':
      return void link?.publish(message.message);
    case 'keep':
      return entryStore.keep(message.number, message.changes);
    case 'stop':
      clearTimeout(firstPrune);
      clearInterval(pruning);
      return void stop();
  }
});

/** Pictures of somebody who was erased go with the person. */
function erase(people: readonly string[]): void {
  try {
    for (const person of people) {
      journal.dropPicturesOf(person);
    }
  } catch (error) {
    log.error({ err: messageOf(error) }, 'the pictures of a person who was erased could not be deleted yet');
  }
}

const firstPrune = setTimeout(prune, FIRST_PRUNE_MS);
const pruning = setInterval(prune, PRUNE_MS);
const desk = openDesk();
for (const numbered of settings.subscriptions) {
  subscribe(numbered);
}
link?.start();
tell({ kind: 'ready' });
