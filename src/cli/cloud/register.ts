import type { Command } from 'commander';
import { importRegister } from '../../cloud-server/index.ts';
import { createLogger } from '../../common/index.ts';
import { type DataDir, withDataDir, withStore } from './options.ts';

/** `menshen cloud register import|count|clear` */
export function addRegisterCommands(cloud: Command): void {
  const register = cloud.command('register').description('the people that real-name authentication knows');
  withDataDir(
    register.command('import').description('enter people from a CSV file: name, id_number, portrait'),
  )
    .argument('<file>', 'CSV in UTF-8 with a heading; portraits are paths beside the file')
    .option('--models <folder>', 'folder of catalog.json and the networks')
    .action((file: string, options: DataDir & { readonly models?: string }) =>
      withStore(options, async (store) => {
        const { people, portraits } = await importRegister(file, {
          store,
          log: createLogger('menshen', 'warn'),
          ...(options.models !== undefined && { modelsDir: options.models }),
          onProgress: (done, of) => {
            if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${of}`);
          },
        });
        if (process.stderr.isTTY) process.stderr.write('\r');
        console.log(`${people} people entered, ${portraits} with a portrait; ${store.register.size} in all`);
      }),
    );
  withDataDir(register.command('count').description('print how many people the register knows')).action(
    (options: DataDir) => withStore(options, (store) => console.log(store.register.size)),
  );
  withDataDir(register.command('clear').description('take everybody out of the register'))
    .requiredOption('-y, --yes', 'yes, everybody')
    .action((options: DataDir) => withStore(options, (store) => store.register.clear()));
}
