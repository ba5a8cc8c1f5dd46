import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  APIS,
  CLOUD_APIS,
  type CloudApi,
  generateSm2KeyPair,
  readSm2PrivateKey,
  type Sm2PrivateKey,
} from '../../cloud/index.ts';
import { MenshenError } from '../../common/index.ts';
import type { Db } from './database.ts';
import type { Keyring } from './keyring.ts';

/** An application as its operator sees it. */
export interface AppInfo {
  readonly appKey: string;
  readonly name: string;
  readonly accessKey: string;
  /** Base64 of the SM2 public key for the encrypted interface. */
  readonly publicKey: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  readonly grants: readonly { readonly api: CloudApi; readonly qps: number }[];
  readonly packages: readonly CallPackage[];
}

/** Bought calls of one API. They are used up in the order in which they were bought. */
export interface CallPackage {
  readonly api: CloudApi;
  readonly size: number;
  readonly used: number;
  readonly validFrom: string;
  readonly validUntil: string;
}

/** What the caller must be given, once: the secret key is never shown again. */
export interface NewApp {
  readonly appKey: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly publicKey: string;
}

export interface AppRequest {
  readonly name: string;
  readonly apis: readonly CloudApi[];
  /** Calls of each API; null for no limit to speak of. */
  readonly calls: number;
  readonly validDays: number;
  /** Calls a second where it is not the manual's figure. */
  readonly qps?: number;
  /** IP addresses and networks (CIDR) that may call; any by default. */
  readonly addresses?: readonly { readonly api: CloudApi | null; readonly network: string }[];
}

/** What the gateway needs of an application to judge a call. */
export interface LiveApp {
  readonly appKey: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly privateKey: Sm2PrivateKey;
  readonly revoked: boolean;
  readonly qps: ReadonlyMap<CloudApi, number>;
  /** Networks by API; the empty string stands for the application as a whole. */
  readonly networks: ReadonlyMap<string, readonly string[]>;
}

const DAY_MS = 86_400_000;
const api = z.enum(CLOUD_APIS);
const appRow = z.object({
  app_key: z.string(),
  name: z.string(),
  access_key: z.string(),
  public_key: z.string(),
  created_at: z.string(),
  revoked_at: z.string().nullable(),
});
const secretRow = appRow.extend({
  sealed_secret: z.instanceof(Buffer),
  sealed_private: z.instanceof(Buffer),
});
const grantRow = z.object({ app_key: z.string(), api, qps: z.number() });
const packageRow = z.object({
  app_key: z.string(),
  api,
  size: z.number(),
  used: z.number(),
  valid_from: z.string(),
  valid_until: z.string(),
});
const addressRow = z.object({ app_key: z.string(), api: z.string(), network: z.string() });

/** Applications, what they may call, and what they have bought. */
export class Apps {
  readonly #db: Db;
  readonly #keyring: Keyring;
  #changes = 0;

  constructor(db: Db, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /** Makes an application with keys of its own. */
  add(request: AppRequest, now: Date): NewApp {
    const appKey = randomBytes(16).toString('hex');
    const accessKey = randomBytes(16).toString('hex');
    const secretKey = randomBytes(24).toString('hex');
    const pair = generateSm2KeyPair();
    this.#db
      .transaction(() => {
        this.#db
          .prepare('INSERT INTO apps VALUES (?, ?, ?, ?, ?, ?, ?, NULL)')
          .run(
            appKey,
            request.name,
            accessKey,
            this.#keyring.seal(Buffer.from(secretKey), `secret ${appKey}`),
            pair.publicKey,
            this.#keyring.seal(Buffer.from(pair.privateKey), `private ${appKey}`),
            now.toISOString(),
          );
        for (const { api, network } of request.addresses ?? []) {
          this.#db
            .prepare('INSERT OR IGNORE INTO addresses VALUES (?, ?, ?)')
            .run(appKey, api ?? '', network);
        }
        for (const each of request.apis) this.#open(appKey, each, request, now);
      })
      .immediate();
    this.#changes++;
    return { appKey, accessKey, secretKey, publicKey: pair.publicKey };
  }

  /** Opens services for an application that is there, and adds a package of each. Throws APP_NOT_FOUND. */
  extend(appKey: string, request: Omit<AppRequest, 'name' | 'addresses'>, now: Date): void {
    this.#mustExist(appKey);
    this.#db
      .transaction(() => {
        for (const each of request.apis) this.#open(appKey, each, request, now);
      })
      .immediate();
    this.#changes++;
  }

  /** From now on every call of this application is refused. Throws APP_NOT_FOUND. */
  revoke(appKey: string, now: Date): void {
    this.#mustExist(appKey);
    this.#db
      .prepare('UPDATE apps SET revoked_at = ? WHERE app_key = ? AND revoked_at IS NULL')
      .run(now.toISOString(), appKey);
    this.#changes++;
  }

  list(): AppInfo[] {
    const grants = z.array(grantRow).parse(this.#db.prepare('SELECT * FROM grants ORDER BY api').all());
    const packages = z.array(packageRow).parse(this.#db.prepare('SELECT * FROM packages ORDER BY id').all());
    const apps = z
      .array(appRow)
      .parse(this.#db.prepare('SELECT * FROM apps ORDER BY created_at, app_key').all());
    return apps.map((app) => ({
      appKey: app.app_key,
      name: app.name,
      accessKey: app.access_key,
      publicKey: app.public_key,
      createdAt: app.created_at,
      revokedAt: app.revoked_at,
      grants: grants.filter(({ app_key }) => app_key === app.app_key),
      packages: packages
        .filter(({ app_key }) => app_key === app.app_key)
        .map((row) => ({
          api: row.api,
          size: row.size,
          used: row.used,
          validFrom: row.valid_from,
          validUntil: row.valid_until,
        })),
    }));
  }

  /** Every application with its secrets, for the gateway. Throws KEY_WRONG when the key file is another one. */
  live(): LiveApp[] {
    const grants = z.array(grantRow).parse(this.#db.prepare('SELECT * FROM grants').all());
    const addresses = z.array(addressRow).parse(this.#db.prepare('SELECT * FROM addresses').all());
    const apps = z.array(secretRow).parse(this.#db.prepare('SELECT * FROM apps').all());
    return apps.map((app) => {
      const networks = new Map<string, string[]>();
      for (const row of addresses) {
        if (row.app_key !== app.app_key) continue;
        networks.set(row.api, [...(networks.get(row.api) ?? []), row.network]);
      }
      return {
        appKey: app.app_key,
        accessKey: app.access_key,
        secretKey: this.#keyring.open(app.sealed_secret, `secret ${app.app_key}`).toString(),
        privateKey: readSm2PrivateKey(
          this.#keyring.open(app.sealed_private, `private ${app.app_key}`).toString(),
        ),
        revoked: app.revoked_at !== null,
        qps: new Map(
          grants.filter(({ app_key }) => app_key === app.app_key).map((grant) => [grant.api, grant.qps]),
        ),
        networks,
      };
    });
  }

  /** Differs whenever an application was changed here, or anything by another process. */
  get version(): string {
    return `${Number(this.#db.pragma('data_version', { simple: true }))} ${this.#changes}`;
  }

  #open(appKey: string, each: CloudApi, request: Omit<AppRequest, 'name'>, now: Date): void {
    this.#db
      .prepare('INSERT INTO grants VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET qps = excluded.qps')
      .run(appKey, each, request.qps ?? APIS[each].callsPerSecond);
    if (request.calls <= 0) return;
    this.#db
      .prepare('INSERT INTO packages (app_key, api, size, valid_from, valid_until) VALUES (?, ?, ?, ?, ?)')
      .run(
        appKey,
        each,
        request.calls,
        now.toISOString(),
        new Date(now.getTime() + request.validDays * DAY_MS).toISOString(),
      );
  }

  #mustExist(appKey: string): void {
    if (this.#db.prepare('SELECT 1 FROM apps WHERE app_key = ?').get(appKey) !== undefined) return;
    throw new MenshenError(
      'CLOUD_APP_NOT_FOUND',
      `There is no application with the AppKey ${appKey}. \`menshen cloud app list\` shows those there are.`,
    );
  }
}
