import { MenshenError } from '../common/index.ts';
import { type CloudConfig, resolveSecret } from '../config/index.ts';

/** The keys of the configuration, read. Never to be logged. */
export interface CloudKeys {
  readonly appKey: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Reads the three keys from where the configuration says. Throws SECRET_UNREADABLE, CLOUD_CREDENTIALS_INVALID. */
export function readCloudKeys(config: CloudConfig): CloudKeys {
  const keys = {
    appKey: resolveSecret(config.appKey),
    accessKey: resolveSecret(config.accessKey),
    secretKey: resolveSecret(config.secretKey),
  };
  checkKeys(keys);
  return keys;
}

/** Throws CLOUD_CREDENTIALS_INVALID, naming the key and not its value, for one that no header can carry. */
export function checkKeys(keys: CloudKeys): void {
  for (const name of ['appKey', 'accessKey', 'secretKey'] as const) {
    if (!/^[\x21-\x7e]+$/.test(keys[name])) {
      throw new MenshenError(
        'CLOUD_CREDENTIALS_INVALID',
        `cloud.${name} is empty or holds a space or another character that no key has. Copy it again from the console.`,
      );
    }
  }
}
