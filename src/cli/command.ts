import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  COMMANDS,
  type CommandName,
  definitionOf,
  generateKeyPair,
  isCommand,
  type Reply,
  readPrivateKey,
} from '../commands/index.ts';
import { MenshenError, messageOf, openDeviceKey, readDevicePublicKey } from '../common/index.ts';
import { configPath, loadConfig } from '../config/index.ts';
import { type BrokerOptions, brokerConnection, withBrokerOptions } from './broker-options.ts';
import { type CommandRequest, type CommandSender, withSender } from './command-sender.ts';
import { type LanguageOptions, languageOf, promptIn, withLanguage } from './language.ts';
import { sendPhoto } from './photo-sender.ts';
import { progressBar } from './progress.ts';

interface SendOptions extends BrokerOptions, LanguageOptions {
  readonly key: string;
  readonly keyId: string;
  readonly gateKey?: string;
  readonly timeout: string;
  readonly jpeg?: string;
  readonly saveJpeg?: string;
  readonly json?: true;
}

/** `menshen command keygen|list|gate-key|send`. Errors are thrown as MenshenError for main.ts to print. */
export function commandCommand(): Command {
  const command = new Command('command').description('send signed commands to a gate over MQTT');
  command
    .command('keygen')
    .description('make a key pair for sending commands')
    .argument('<file>', 'file for the private key, which stays on this workstation')
    .action(keygen);
  command.command('list').description('print every command with its parameters and roles').action(list);
  command
    .command('gate-key')
    .description(
      'print the public key by which this gate signs its answers, for --gate-key; run it on the gate',
    )
    .option('-c, --config <file>', 'configuration file; by default the one that `menshen run` would read')
    .action(async (options: { config?: string }) => {
      const { config } = await loadConfig(configPath(options.config));
      console.log(openDeviceKey(config.dataDir).spki);
    });
  sendOptions(command.command('send', { isDefault: true }))
    .description('send one command and show what comes of it')
    .argument('<gate>', 'gate.id of the gate')
    .argument('<command>', 'one of those that `menshen command list` prints')
    .argument(
      '[param...]',
      'parameters: door=front forS=600, or one JSON object; "-" reads that from the standard input',
    )
    .action((gate: string, name: string, params: string[], options: SendOptions) =>
      send(gate, name, params, options),
    );
  return command;
}

function sendOptions(command: Command): Command {
  const keyed = command
    .requiredOption('-k, --key <file>', 'private key, as `menshen command keygen` made it')
    .requiredOption('-i, --key-id <id>', "id of the key in the gate's configuration");
  return withLanguage(withBrokerOptions(keyed))
    .option('-t, --timeout <seconds>', 'how long to wait for the end of the command', '60')
    .option('--gate-key <base64>', 'public key of the gate: answers that it did not sign are not believed')
    .option('--jpeg <file>', 'photo for people.photo; a large one is sent in parts')
    .option('--save-jpeg <file>', 'file for the picture of gate.snapshot')
    .option('--json', 'print answers as JSON, one a line');
}

function keygen(file: string): void {
  if (existsSync(file)) throw new MenshenError('USAGE', `${file} is there already; choose another name.`);
  const { privatePem, publicKey } = generateKeyPair();
  writeFileSync(file, privatePem, { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  console.error(`The private key is in ${file}. Into the configuration of the gate, under commands.keys:`);
  console.log(`- { id: NAME, role: operator, publicKey: ${publicKey} }`);
}

function list(): void {
  for (const name of Object.keys(COMMANDS).filter(isCommand)) {
    const { summary, roles, example } = definitionOf(name);
    console.log(
      `${name}\n  ${summary}\n  for: ${roles.join(', ')}\n  e.g. ${JSON.stringify(example.params)}`,
    );
  }
}

async function send(gate: string, name: string, words: string[], options: SendOptions): Promise<void> {
  if (!isCommand(name)) {
    throw new MenshenError('USAGE', `"${name}" is no command; \`menshen command list\` prints them all.`);
  }
  const connection = brokerConnection(options);
  const timeoutS = Number(options.timeout);
  if (!(timeoutS > 0 && timeoutS <= 3600)) throw new MenshenError('USAGE', '--timeout is 1 to 3600 seconds.');
  const privateKey = readPrivateKey(readKeyFile(options.key), options.key);
  const photo = options.jpeg === undefined ? null : readPhotoFile(options.jpeg);
  const request = {
    command: name,
    params: paramsOf(name, words, options),
    timeoutMs: timeoutS * 1000,
    onProgress: (message: string, prompt: string | null) =>
      console.error(progressOf(message, prompt, options)),
  };
  const to = {
    connection,
    prefix: options.topic,
    gate,
    key: { id: options.keyId, privateKey },
    gateKey: options.gateKey === undefined ? null : readDevicePublicKey(options.gateKey),
    // What the broker's access list goes by.
    ...(options.username === undefined ? {} : { replyName: options.username }),
  };
  const reply = await withSender(to, (sender) =>
    photo === null ? sender.send(request) : withPhoto(sender, photo, request, options),
  );
  if (options.gateKey === undefined && !options.json) {
    console.error('note: nobody has checked that the gate itself answered; --gate-key does.');
  }
  if (reply.state === 'done') print(reply.result, options);
  else if (reply.state !== 'progress') {
    const { code, message } = reply.error;
    console.log(options.json ? JSON.stringify(reply) : `${reply.state}: ${code}: ${message}`);
    process.exitCode = 1;
  }
}

/** In the language of the person who is to do it, where the gate says what that is; with the cause in English. */
function progressOf(message: string, prompt: string | null, options: SendOptions): string {
  const language = languageOf(options);
  const text = prompt === null ? null : promptIn(language, prompt);
  if (options.json) return JSON.stringify({ progress: message, ...(text !== null && { prompt, text }) });
  return text === null || language === 'en' ? `… ${message}` : `… ${text} (${message})`;
}

function withPhoto(
  sender: CommandSender,
  photo: Buffer,
  request: CommandRequest,
  { json }: SendOptions,
): Promise<Reply> {
  const bar = progressBar('parts of the photo');
  return sendPhoto(sender, photo, request, (done, of) => {
    if (json) request.onProgress(`${done} of ${of} parts of the photo are there`, null);
    else bar.update(done, of);
    if (done === of && !json) bar.end();
  });
}

/** @throws MenshenError PICTURE_UNREADABLE */
function readPhotoFile(path: string): Buffer {
  try {
    const photo = readFileSync(path);
    if (photo.length > 0) return photo;
  } catch (error) {
    throw new MenshenError('PICTURE_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  throw new MenshenError('PICTURE_UNREADABLE', `${path} is empty.`);
}

function print(result: Readonly<Record<string, unknown>>, options: SendOptions): void {
  const { jpeg, ...rest } = result;
  if (typeof jpeg === 'string' && options.saveJpeg !== undefined) {
    writeFileSync(options.saveJpeg, Buffer.from(jpeg, 'base64'), { mode: 0o600 });
    console.log(JSON.stringify({ ...rest, file: options.saveJpeg }));
    return;
  }
  console.log(JSON.stringify(result, null, options.json ? undefined : 2));
}

/** `door=front forS=600`, or one JSON object, which `-` reads from the standard input: arguments show in `ps`. */
function paramsOf(
  name: CommandName,
  words: readonly string[],
  options: SendOptions,
): Record<string, unknown> {
  const [word = ''] = words;
  const first = words.length === 1 && word === '-' ? readFileSync(0, 'utf8').trim() : word;
  const params: Record<string, unknown> = {};
  if (words.length === 1 && first.startsWith('{')) {
    try {
      Object.assign(params, JSON.parse(first));
    } catch {
      throw new MenshenError('USAGE', 'The parameters are no JSON object.');
    }
  } else {
    for (const word of words) {
      const at = word.indexOf('=');
      if (at < 1) throw new MenshenError('USAGE', `"${word}" is no parameter; write name=value.`);
      params[word.slice(0, at)] = jsonOrText(word.slice(at + 1));
    }
  }
  if (options.jpeg !== undefined && name !== 'people.photo') {
    throw new MenshenError('USAGE', '--jpeg is for people.photo.');
  }
  // The photo itself is looked at when it is sent.
  const photo = options.jpeg === undefined ? {} : { sha256: '0'.repeat(64) };
  const parsed = definitionOf(name).params.safeParse({ ...params, ...photo });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || name}: ${message}`);
    throw new MenshenError('USAGE', `${name}: ${problems.join('; ')}`);
  }
  return params;
}

/** Numbers, true, false, null, lists and objects as in JSON; all else is text. */
function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A private key that nobody else can read. @throws MenshenError COMMAND_KEY_INVALID */
export function readKeyFile(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw new MenshenError('COMMAND_KEY_INVALID', `${path} can be read by others; run: chmod 600 ${path}`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MenshenError) throw error;
    throw new MenshenError('COMMAND_KEY_INVALID', `${path} cannot be read.`, { cause: error });
  }
}
