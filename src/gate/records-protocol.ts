import type { Kept } from '../access/index.ts';
import type { ReplyAddress } from '../commands/index.ts';
import type { LogLevel } from '../common/index.ts';
import type { CommandsConfig, Config } from '../config/index.ts';
import type { DiskFault, EventInput, JournalEvent } from '../journal/index.ts';
import type {
  DiscoveryOptions,
  IncomingMessage,
  LinkCondition,
  MqttLinkConfig,
  OutgoingMessage,
  PartState,
  Subscription,
} from '../mqtt/index.ts';
import type { AcceptedCommand, CommandAnswer } from './commands/protocol.ts';

/** What the thread needs to begin. */
export interface RecordsSettings {
  readonly dataDir: string;
  readonly gate: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  /** 32 bytes, for the pictures; without it none are kept. */
  readonly key: Uint8Array | null;
  readonly mqtt: MqttLinkConfig | null;
  /** What Home Assistant is told, or was told once; without it nothing. */
  readonly discovery?: Pick<DiscoveryOptions, 'config' | 'parts'>;
  readonly retention: Config['journal'];
  /** Who may send commands; null takes none. */
  readonly commands: CommandsConfig | null;
  /** What the gate listens to from the start, by number. */
  readonly subscriptions: readonly NumberedSubscription[];
}

export interface NumberedSubscription {
  readonly number: number;
  readonly subscription: Subscription;
}

/** An event with its id, and when it happened (UTC, ISO 8601): it may have to wait for the disk. */
export interface TimedEvent {
  readonly event: EventInput & { readonly id: string };
  readonly happenedAt: string;
}

/** How the thread is off; each null where that cannot be told. */
export interface RecordsCondition {
  readonly broker: LinkCondition | null;
  readonly outbox: {
    /** Events that the broker has not acknowledged, and when the first of them was recorded (UTC, ISO 8601). */
    readonly waiting: number;
    readonly oldest: string | null;
  } | null;
  readonly disk: {
    readonly state: 'sound' | DiskFault;
    /** Events that wait in memory, because it refuses them. */
    readonly unwritten: number;
    readonly freeBytes: number;
    readonly sizeBytes: number;
  } | null;
}

export type ToRecords =
  | ({ readonly kind: 'event' } & TimedEvent)
  | { readonly kind: 'picture'; readonly event: string; readonly jpeg: Uint8Array }
  | { readonly kind: 'state'; readonly part: PartState }
  | { readonly kind: 'erased'; readonly people: readonly string[] }
  /** The gate's key, 32 bytes: pictures are kept from now on. */
  | { readonly kind: 'key'; readonly key: Uint8Array }
  | ({ readonly kind: 'subscribe' } & NumberedSubscription)
  /** A message of this subscription was dealt with: there is room for another. */
  | { readonly kind: 'heard'; readonly number: number }
  | { readonly kind: 'publish'; readonly message: OutgoingMessage }
  /** What outlives the process of the rules of entry. */
  | { readonly kind: 'keep'; readonly number: number; readonly changes: readonly Kept[] }
  | { readonly kind: 'answer'; readonly to: ReplyAddress; readonly answer: CommandAnswer }
  /** Asks for events, to be told by `range` under the same number. */
  | { readonly kind: 'range'; readonly request: number; readonly after: number; readonly limit: number }
  | { readonly kind: 'condition' }
  | { readonly kind: 'level'; readonly level: LogLevel }
  | { readonly kind: 'stop' };

export type FromRecords =
  | { readonly kind: 'ready' }
  /** The event is on disk, or waits in the thread's memory because the disk refuses: nothing is gained by waiting on. */
  | { readonly kind: 'taken'; readonly id: string }
  | { readonly kind: 'message'; readonly number: number; readonly message: IncomingMessage }
  /** All that was to be kept up to this number is on disk. */
  | { readonly kind: 'kept'; readonly number: number }
  /** The link to the broker is up, or no longer. */
  | { readonly kind: 'online'; readonly online: boolean }
  | { readonly kind: 'command'; readonly command: AcceptedCommand }
  | { readonly kind: 'range'; readonly request: number; readonly events: readonly JournalEvent[] | string }
  | { readonly kind: 'condition'; readonly condition: RecordsCondition }
  | { readonly kind: 'stopped' };
