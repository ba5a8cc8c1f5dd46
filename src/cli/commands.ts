import type { Command } from 'commander';

export interface CommandEntry {
  /** One line for `menshen --help`; the command's own description, known before its code is loaded. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** Works on when nobody reads its output any more; a word: only this command below it does. */
  readonly daemon?: true | string;
}

/** Every command, with its code loaded only when it is called: `menshen events tail` must not load the networks. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'run the gate',
    load: async () => (await import('./run.ts')).runCommand(),
    daemon: true,
  },
  enroll: {
    summary: 'enrol a person from photos (JPEG, PNG, BMP, WebP), all of them or none',
    load: async () => (await import('./enroll.ts')).enrollCommand(),
  },
  people: {
    summary: 'list, enter, change, remove, export and import people',
    load: async () => (await import('./people.ts')).peopleCommand(),
  },
  events: {
    summary: 'follow, explain, export and verify events',
    load: async () => (await import('./events.ts')).eventsCommand(),
  },
  command: {
    summary: 'send signed commands to a gate over MQTT',
    load: async () => (await import('./command.ts')).commandCommand(),
  },
  site: {
    summary: 'publish the people of a gallery for all gates of a site, and see how far each is',
    load: async () => (await import('./site.ts')).siteCommand(),
  },
  door: {
    summary: 'work the doors from outside the gate process',
    load: async () => (await import('./door.ts')).doorCommand(),
  },
  readers: {
    summary: 'try card readers and keypads',
    load: async () => (await import('./readers.ts')).readersCommand(),
    daemon: 'listen',
  },
  cloud: {
    summary: 'serve the face APIs to others, check an endpoint, and keep the book of paid calls',
    load: async () => (await import('./cloud.ts')).cloudCommand(),
    daemon: 'serve',
  },
  calibrate: {
    summary: 'fit the match threshold to the people of a site',
    load: async () => (await import('./calibrate.ts')).calibrateCommand(),
  },
  evaluate: {
    summary: 'measure recognition and liveness on your own pictures',
    load: async () => (await import('./evaluate.ts')).evaluateCommand(),
  },
  models: {
    summary: 'fetch and prove the networks',
    load: async () => (await import('./models.ts')).modelsCommand(),
  },
  config: {
    summary: 'check and show the configuration',
    load: async () => (await import('./config.ts')).configCommand(),
  },
};
