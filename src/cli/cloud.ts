import { Command } from 'commander';
import { addAppCommands } from './cloud/app.ts';
import { addCheckCommand } from './cloud/check.ts';
import { addPackageCommands } from './cloud/package.ts';
import { addRegisterCommands } from './cloud/register.ts';
import { addServeCommand } from './cloud/serve.ts';
import { addUsageCommand } from './cloud/usage.ts';

/** `menshen cloud serve|app|register|usage|check|package`. Errors are thrown as MenshenError for main.ts to print. */
export function cloudCommand(): Command {
  const cloud = new Command('cloud').description(
    'serve the face APIs to others, check an endpoint, and keep the book of paid calls',
  );
  addServeCommand(cloud);
  addAppCommands(cloud);
  addRegisterCommands(cloud);
  addUsageCommand(cloud);
  addCheckCommand(cloud);
  addPackageCommands(cloud);
  return cloud;
}
