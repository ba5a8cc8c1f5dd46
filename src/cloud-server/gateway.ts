import { BlockList, isIP } from 'node:net';
import {
  type Authorization,
  type CloudApi,
  checkEopDate,
  parseAuthorization,
  verifySignature,
} from '../cloud/index.ts';
import { monotonicMs } from '../common/index.ts';
import { type Answer, gatewayFailure, throttled } from './answers.ts';
import { SlidingWindow } from './sliding-window.ts';
import type { CloudStore, LiveApp } from './store/index.ts';

/** How often the database is asked whether `menshen cloud app` has changed something. */
const LOOK_MS = 500;
/** A request id is remembered, so it must not be of any length. */
const MAX_REQUEST_ID = 128;

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What the headers of a call prove before its body is read. */
export interface Head {
  readonly app: LiveApp;
  readonly authorization: Authorization;
  readonly requestId: string;
  readonly freshUntil: Date;
}

/** A call that may be served. */
export interface Admission {
  readonly app: LiveApp;
  /** Gives the call back to its package. */
  readonly refund: () => void;
}

/** The gateway of 6.2.3 and 6.1.3: who calls, whether it is fresh, what they may call and have bought. */
export class Gateway {
  readonly #store: CloudStore;
  readonly #windows = new Map<string, SlidingWindow>();
  #apps: readonly LiveApp[] = [];
  #version = '';
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** Throws KEY_WRONG. */
  constructor(store: CloudStore) {
    this.#store = store;
    this.#look();
  }

  /** Judges the headers: all that can be refused before a body of megabytes is read. */
  admitHead(headers: Headers, now: Date): Head | Answer {
    this.#look();
    const appKey = one(headers.appkey);
    if (appKey === '') return gatewayFailure('40002');
    const app = this.#apps.find((each) => each.appKey === appKey);
    if (app === undefined || app.revoked) return gatewayFailure('40006');
    const authorization = parseAuthorization(one(headers['eop-authorization']));
    if (authorization === null) return gatewayFailure('10020', 'Eop-Authorization is missing or malformed.');
    const { accessKey } = authorization;
    if (!this.#apps.some((each) => each.accessKey === accessKey)) return gatewayFailure('10002');
    if (app.accessKey !== accessKey) {
      return gatewayFailure('40006', 'The appkey and the access key belong to different applications.');
    }
    const requestId = one(headers['ctyun-eop-request-id']);
    if (requestId === '' || requestId.length > MAX_REQUEST_ID) {
      return gatewayFailure('10020', 'ctyun-eop-request-id is missing or too long.');
    }
    const date = checkEopDate({ eopDate: one(headers['eop-date']), now });
    if (!date.ok) return gatewayFailure('10020', whyNotFresh(date));
    return { app, authorization, requestId, freshUntil: date.freshUntil };
  }

  /** Judges the whole call, and takes it from a package. `query`: what stood behind `?`. */
  admit(
    head: Head,
    call: {
      readonly api: CloudApi;
      readonly headers: Headers;
      readonly query: string;
      readonly body: Uint8Array;
      readonly address: string;
      readonly now: Date;
    },
  ): Admission | Answer {
    const { app, authorization } = head;
    const { api, now } = call;
    const verdict = verifySignature({ ...call, authorization, secretKey: app.secretKey });
    if (!verdict.ok) return gatewayFailure('10020', SIGNATURE_FAULTS[verdict.reason]);
    if (!this.#store.replays.take(app.accessKey, head.requestId, now, head.freshUntil)) {
      return gatewayFailure('10020', 'This ctyun-eop-request-id was used before.');
    }
    const qps = app.qps.get(api);
    if (qps === undefined) return gatewayFailure('50002');
    if (!allows(app.networks.get(''), call.address)) return gatewayFailure('40009');
    if (!allows(app.networks.get(api), call.address)) return gatewayFailure('40010');
    if (!this.#window(app, api, qps).take(monotonicMs())) {
      return throttled(api, `More than ${qps} calls in a second. Do not repeat at once.`);
    }
    const charge = this.#store.packages.charge(app.appKey, api, now);
    if (!charge.charged) return gatewayFailure(charge.code);
    return { app, refund: () => this.#store.packages.refund(charge.packageId) };
  }

  #window(app: LiveApp, api: CloudApi, qps: number): SlidingWindow {
    const key = `${app.appKey} ${api} ${qps}`;
    const window = this.#windows.get(key) ?? new SlidingWindow(qps);
    this.#windows.set(key, window);
    return window;
  }

  #look(): void {
    const now = monotonicMs();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    const version = this.#store.apps.version;
    if (version === this.#version) return;
    this.#apps = this.#store.apps.live();
    this.#version = version;
  }
}

const SIGNATURE_FAULTS = {
  incomplete: 'ctyun-eop-request-id and eop-date must both be signed.',
  absent: 'A header listed as signed was not sent.',
  mismatch: 'The signature does not fit headers, query and body.',
} as const;

function whyNotFresh(
  date: { readonly reason: 'malformed' } | { readonly reason: 'stale'; readonly skewMs: number },
): string {
  if (date.reason === 'malformed') return 'eop-date is missing or not of the form yyyymmddTHHMMSSZ.';
  const seconds = Math.round(Math.abs(date.skewMs) / 1000);
  return `eop-date is ${seconds} s ${date.skewMs < 0 ? 'behind' : 'ahead of'} this server's clock.`;
}

/** Without any network everybody may call. */
function allows(networks: readonly string[] | undefined, address: string): boolean {
  if (networks === undefined) return true;
  const list = new BlockList();
  for (const network of networks) addNetwork(list, network);
  // An IPv4 caller of a socket that takes both families.
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(prefix), family);
}

function one(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
