import { Command } from 'commander';
import { createLogger, MenshenError } from '../common/index.ts';
import { loadConfig } from '../config/index.ts';
import { type CredentialRead, Reader, type ReaderState } from '../readers/index.ts';
import { stopRequest } from './stop-request.ts';

/** `menshen readers listen`. Errors are thrown as MenshenError for main.ts to print. */
export function readersCommand(): Command {
  const readers = new Command('readers').description('try card readers and keypads');
  readers
    .command('listen')
    .description('print the number of every card held before a reader, until Ctrl-C; stop the gate first')
    .option('-c, --config <file>', 'configuration file')
    .action((options: { config?: string }) => listen(options.config));
  return readers;
}

/** Cards are shown whole: whoever runs this enters them. Of a PIN only how many digits were typed. */
async function listen(file: string | undefined): Promise<void> {
  const stop = stopRequest();
  const { config } = await loadConfig(file);
  if (config.readers.length === 0) throw new MenshenError('USAGE', 'The configuration has no readers.');
  const log = createLogger('readers', 'silent');
  const readers = config.readers.map((reader) => {
    const print = (text: string) => console.log(`${reader.id.padEnd(16)}  ${text}`);
    const onState = (state: ReaderState) => print(state.state === 'up' ? 'up' : state.message);
    return new Reader({ config: reader, log, onState, onRead: (read) => print(textOf(read)) });
  });
  for (const reader of readers) reader.start();
  await stop.asked;
  for (const reader of readers) reader.stop();
}

function textOf(read: CredentialRead): string {
  if (read.kind === 'card') return `card ${read.number}`;
  return read.kind === 'keypad' ? `${read.digits.length} digits` : 'a QR code';
}
