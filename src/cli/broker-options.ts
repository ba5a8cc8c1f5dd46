import type { Command } from 'commander';
import { MenshenError } from '../common/index.ts';
import { resolveSecret } from '../config/index.ts';
import type { DialOptions } from '../mqtt/index.ts';

/** How a command line names the broker. */
export interface BrokerOptions {
  readonly broker?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly topic: string;
  readonly mqtt?: string;
}

export function withBrokerOptions(command: Command): Command {
  return command
    .option('-b, --broker <url>', 'broker: mqtts://host:port; default $MENSHEN_BROKER')
    .option('-u, --username <name>', 'user name at the broker')
    .option('--password-file <file>', 'file of the password at the broker')
    .option('--ca <file>', "CA certificate (PEM) that signed the broker's")
    .option('--cert <file>', 'client certificate (PEM)')
    .option('--cert-key <file>', 'key of the client certificate (PEM)')
    .option('--topic <prefix>', 'first part of every topic', 'menshen')
    .option(
      '--mqtt <version>',
      'version of MQTT: 5 or 3.1.1; by default 5, and 3.1.1 where the broker speaks no 5',
    );
}

/** @throws MenshenError USAGE, SECRET_UNREADABLE */
export function brokerConnection(options: BrokerOptions): DialOptions {
  const url = options.broker ?? process.env.MENSHEN_BROKER;
  if (url === undefined) throw new MenshenError('USAGE', 'Name the broker: --broker mqtts://host:port');
  if (options.mqtt !== undefined && options.mqtt !== '5' && options.mqtt !== '3.1.1') {
    throw new MenshenError('USAGE', '--mqtt is 5 or 3.1.1.');
  }
  return {
    url,
    version: options.mqtt === undefined ? undefined : options.mqtt === '5' ? 5 : 4,
    username: options.username,
    password: options.passwordFile === undefined ? undefined : resolveSecret({ file: options.passwordFile }),
    caFile: options.ca,
    certFile: options.cert,
    keyFile: options.certKey,
  };
}
