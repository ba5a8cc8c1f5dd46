import { Command } from 'commander';
import { stringify } from 'yaml';
import {
  type Config,
  configJsonSchema,
  configPath,
  hasLiteralSecret,
  loadConfig,
  redactConfig,
} from '../config/index.ts';

/** `menshen config check|show|schema`. Errors are thrown as MenshenError for main.ts to print. */
export function configCommand(): Command {
  const config = new Command('config').description('check and show the configuration');
  config
    .command('check')
    .description('read a configuration and say everything that is wrong with it')
    .argument('[file]', 'configuration file; by default the one that `menshen run` would read')
    .option('-c, --config <file>', 'the same, as other commands take it')
    .action(async (file: string | undefined, options: { config?: string }) => {
      const loaded = await loadConfig(configPath(file ?? options.config));
      console.log(`${loaded.path}: valid, version ${loaded.sha256}`);
      for (const warning of warningsFor(loaded.config)) console.log(`warning: ${warning}`);
    });
  config
    .command('show')
    .description('print the configuration with all defaults, without secrets')
    .option('-c, --config <file>', 'configuration file')
    .action(async (options: { config?: string }) => {
      const loaded = await loadConfig(configPath(options.config));
      process.stdout.write(
        `# ${loaded.path}, version ${loaded.sha256}\n${stringify(redactConfig(loaded.config))}`,
      );
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration')
    .action(() => console.log(JSON.stringify(configJsonSchema(), null, 2)));
  return config;
}

/** What is allowed but probably not meant. */
function warningsFor(config: Config): string[] {
  const warnings: string[] = [];
  if (hasLiteralSecret(config)) {
    warnings.push('a secret stands in the file itself; use { file: … } or { credential: … }');
  }
  if (config.mqtt?.url.startsWith('mqtt:') && !/^mqtt:\/\/(localhost|127\.|\[::1\])/.test(config.mqtt.url)) {
    warnings.push('mqtt.url is not encrypted; use mqtts://');
  }
  for (const door of config.doors) {
    if (!config.cameras.some((camera) => camera.door === door.id)) {
      warnings.push(`no camera watches the door "${door.id}"`);
    }
    if (door.rex === undefined) warnings.push(`the door "${door.id}" has no exit button (rex)`);
  }
  return warnings;
}
