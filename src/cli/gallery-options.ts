import { type Command, Option } from 'commander';
import { createLogger } from '../common/index.ts';
import { configPath, loadConfig, secretOf, type VisionConfig, VisionSchema } from '../config/index.ts';
import { Gallery } from '../gallery/index.ts';

export interface GalleryArguments {
  readonly config?: string;
  readonly dataDir?: string;
}

/** Adds the options that say which gallery a command works on. */
export function withGalleryOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-c, --config <file>',
        'configuration file; by default the one that `menshen run` would read',
      ),
    )
    .addOption(
      new Option('--data-dir <folder>', 'folder of the gallery, without any configuration file').conflicts(
        'config',
      ),
    );
}

/** Runs a command's work on the gallery it names, and closes it. What is wrong with single rows goes to stderr. */
export async function withGallery<T>(
  options: GalleryArguments,
  work: (gallery: Gallery, vision: VisionConfig) => Promise<T> | T,
): Promise<T> {
  const { dataDir, key, vision } = await settingsOf(options);
  const gallery = Gallery.open({ dataDir, key, log: createLogger('menshen', 'silent') });
  try {
    if (gallery.newKeyFile !== null) {
      console.error(
        `Made the gallery's key ${gallery.newKeyFile}. Keep a copy of it in a safe place: without it nobody enrolled can be recognised.`,
      );
    }
    for (const fault of gallery.faults()) console.error(`warning: ${fault.message}`);
    return await work(gallery, vision);
  } finally {
    gallery.close();
  }
}

/** Where the gallery is that the options name, and its key. */
export async function settingsOf(
  options: GalleryArguments,
): Promise<{ dataDir: string; key: string | undefined; vision: VisionConfig }> {
  if (options.dataDir !== undefined) {
    return { dataDir: options.dataDir, key: undefined, vision: VisionSchema.parse({}) };
  }
  const { config } = await loadConfig(configPath(options.config));
  return {
    dataDir: config.dataDir,
    key: secretOf(config.key),
    vision: config.vision,
  };
}
