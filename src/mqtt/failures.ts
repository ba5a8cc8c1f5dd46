import { type ErrorCode, messageOf } from '../common/index.ts';

/** Why a connection did not come about or ended. `protocol`: the broker does not speak this version of MQTT. */
export interface Failure {
  readonly code: Extract<ErrorCode, 'MQTT_UNREACHABLE' | 'MQTT_AUTH_FAILED' | 'MQTT_TLS_FAILED'>;
  readonly message: string;
  readonly protocol: boolean;
}

/** Who speaks to the broker: messages name its settings. */
export type Speaker = 'gate' | 'command line';

const SETTINGS: Readonly<Record<Speaker, { readonly who: string } & Record<'url' | 'ca' | 'pair', string>>> =
  {
    gate: { who: 'the gate', url: 'mqtt.url', ca: 'mqtt.caFile', pair: 'mqtt.certFile and mqtt.keyFile' },
    'command line': { who: 'this account', url: '--broker', ca: '--ca', pair: '--cert and --cert-key' },
  };

/** Reason codes of CONNACK and PUBACK: MQTT 3.1.1 section 3.2.2.3, MQTT 5 sections 3.2.2.2 and 3.4.2.1. */
const WRONG_VERSION = new Set([1, 132]);
const NOT_ALLOWED = new Set([2, 4, 5, 133, 134, 135, 138, 140]);

/** Alerts of TLS by which the broker turns down the certificate of the gate. */
const REFUSED_BY_BROKER =
  /ALERT_(BAD_CERTIFICATE|CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE)/;

/** OpenSSL's and Node's names for a certificate that does not hold or a TLS session that cannot be set up. */
const TLS_CODE =
  /^(CERT_|CRL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH)/;
const TLS_TEXT = /before secure TLS connection was established|TLS not authorized/;

/** Sorts an error of MQTT.js or the socket under it. `broker` is the URL for the message. */
export function failureOf(error: unknown, broker: string, speaker: Speaker = 'gate'): Failure {
  const { who, url, ca, pair } = SETTINGS[speaker];
  const code = codeOf(error);
  const why = messageOf(error);
  const failure = (kind: Failure['code'], message: string, protocol = false): Failure => ({
    code: kind,
    message,
    protocol,
  });
  if (typeof code === 'number') {
    if (WRONG_VERSION.has(code)) {
      return failure('MQTT_UNREACHABLE', `The broker ${broker} does not speak this version of MQTT.`, true);
    }
    return NOT_ALLOWED.has(code)
      ? failure(
          'MQTT_AUTH_FAILED',
          `The broker ${broker} turned ${who} away: ${why}. Check user name, password and the broker's access list.`,
        )
      : failure('MQTT_UNREACHABLE', `The broker ${broker} is not ready: ${why}.`);
  }
  if (REFUSED_BY_BROKER.test(code)) {
    return failure(
      'MQTT_AUTH_FAILED',
      `The broker ${broker} refused the certificate of ${who}: ${why}. Check ${pair}.`,
    );
  }
  if (TLS_CODE.test(code) || TLS_TEXT.test(why)) {
    return failure(
      'MQTT_TLS_FAILED',
      `No secure connection to the broker ${broker}: ${why}. Check ${ca}, the broker's certificate, its name in ${url}, and the port.`,
    );
  }
  return failure(
    'MQTT_UNREACHABLE',
    `No connection to the broker ${broker}: ${why || code}. Check ${url}, the broker and the network.`,
  );
}

function codeOf(error: unknown): number | string {
  if (
    error instanceof Error &&
    'code' in error &&
    (typeof error.code === 'number' || typeof error.code === 'string')
  ) {
    return error.code;
  }
  return '';
}
