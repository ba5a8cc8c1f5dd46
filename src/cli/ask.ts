import { createInterface } from 'node:readline/promises';
import { MenshenError } from '../common/index.ts';

/** True when a person sits at the terminal and can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks a question whose answer is yes or no; anything but yes is no. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes)$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** Reads a secret from the terminal without showing it. */
export function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (settle: () => void) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const onData = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\u0004') return finish(() => resolve(text));
        if (key === '\u0003') return finish(() => reject(new MenshenError('USAGE', 'Interrupted.')));
        if (key === '\u007f' || key === '\b') text = [...text].slice(0, -1).join('');
        else text += key;
      }
    };
    stdin.on('data', onData);
  });
}
