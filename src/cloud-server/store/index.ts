/** What a cloud server keeps: applications and their packages, counts of calls, the register. No picture, ever. */
import { Apps } from './apps.ts';
import { type Db, openDatabase } from './database.ts';
import { Keyring } from './keyring.ts';
import { Packages } from './packages.ts';
import { Register } from './register.ts';
import { Replays } from './replays.ts';
import { Usage } from './usage.ts';

export type { AppInfo, AppRequest, CallPackage, LiveApp, NewApp } from './apps.ts';
export type { Charge } from './packages.ts';
export type { Finding, RegisterEntry } from './register.ts';
export type { UsageRow } from './usage.ts';

export class CloudStore {
  readonly apps: Apps;
  readonly packages: Packages;
  readonly usage: Usage;
  readonly register: Register;
  readonly replays: Replays;
  readonly #db: Db;

  private constructor(db: Db, keyring: Keyring) {
    this.#db = db;
    this.apps = new Apps(db, keyring);
    this.packages = new Packages(db);
    this.usage = new Usage(db);
    this.register = new Register(db, keyring);
    this.replays = new Replays(db);
  }

  /** Opens the store of a data directory, making it when it is not there. Throws DATA_DIR_UNUSABLE, KEY_INVALID, CLOUD_SERVER_STORE_UNUSABLE. */
  static open(dataDir: string): CloudStore {
    const keyring = Keyring.open(dataDir);
    return new CloudStore(openDatabase(dataDir), keyring);
  }

  /** Runs several changes as one. */
  together<T>(changes: () => T): T {
    return this.#db.transaction(changes).immediate();
  }

  close(): void {
    this.#db.close();
  }
}
