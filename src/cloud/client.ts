import { readFileSync } from 'node:fs';
import { type Logger, MenshenError } from '../common/index.ts';
import type { CloudConfig } from '../config/index.ts';
import {
  ACTION_NAMES,
  type ActionReport,
  type ApiValue,
  type CloudApi,
  type CloudComparison,
  type LivenessAction,
} from './api/index.ts';
import type { BreakerState } from './breaker.ts';
import { type CallCounter, Caller, type CallOptions, type Outgoing } from './caller.ts';
import { ClockWatch } from './clock-watch.ts';
import { type CloudKeys, checkKeys } from './credentials.ts';
import { EnvelopeKeyPool } from './envelope/index.ts';
import { normaliseIdNumber, normaliseName } from './id-number.ts';
import { InputRefused } from './input-refused.ts';
import { readSm2PublicKey } from './keys.ts';
import { encodeBase64, type FitPicture, prepareClip, preparePicture, preparePortrait } from './prepare.ts';
import { signerFor } from './request.ts';
import type { CloudAnswer } from './run.ts';
import { Transport } from './transport.ts';
import { Wire } from './wire.ts';

export interface CloudClientOptions {
  readonly config: CloudConfig;
  readonly keys: CloudKeys;
  /** Where calls are counted: a `QuotaLedger`. */
  readonly counter: CallCounter;
  readonly log: Logger;
  /** Writes pictures anew that are too large, and portraits that are not 10 to 40 KB; without it they are refused. */
  readonly fitPicture?: FitPicture;
  /** Told once when the clocks drift apart by more than `clockSkewS`, and once when they agree again. */
  readonly onClockSkew?: (skewMs: number) => void;
}

/** What action liveness says of one demanded action. */
export interface ActionVerdict extends ActionReport {
  readonly action: LivenessAction;
  /** The demanded action was seen. */
  readonly detected: boolean;
}

/**
 * The six APIs. Pictures are JPEG, PNG or BMP as they are; each method brings its input within the API's limits first
 * and makes no call for input that the API would refuse. Nothing here throws for what the network, the endpoint or the
 * input does: see `CloudAnswer`.
 */
export class CloudClient {
  readonly #options: CloudClientOptions;
  readonly #transport: Transport;
  readonly #envelopes: EnvelopeKeyPool | null;
  readonly #clocks: ClockWatch;
  readonly #caller: Caller;

  /**
   * Opens no connection yet.
   * @throws MenshenError CLOUD_CREDENTIALS_INVALID, CLOUD_KEY_INVALID (public key of the envelope), CONFIG_INVALID (CA file).
   */
  constructor(options: CloudClientOptions) {
    const { config, keys, counter, log, onClockSkew } = options;
    checkKeys(keys);
    this.#options = options;
    this.#transport = new Transport({
      endpoint: config.endpoint,
      connections: config.concurrency,
      ...(config.caFile !== undefined && { ca: readCa(config.caFile) }),
    });
    const { envelope } = config;
    const pool =
      envelope &&
      new EnvelopeKeyPool({ publicKey: readSm2PublicKey(envelope.publicKey), order: envelope.order });
    this.#envelopes = pool ?? null;
    this.#clocks = new ClockWatch(config.clockSkewS, log, onClockSkew);
    const wire = new Wire({
      appKey: keys.appKey,
      transport: this.#transport,
      clocks: this.#clocks,
      sign: signerFor(config, keys),
      ...(pool && { takeEnvelope: (signal) => pool.take(signal) }),
    });
    const secrets = [keys.secretKey, keys.accessKey, keys.appKey];
    this.#caller = new Caller({ config, secrets, wire, clocks: this.#clocks, counter, log });
  }

  /** 6.3.1: faces in a picture. `minScore` 0..1 (0.5); `angles` asks for pitch, yaw and roll. */
  detect(
    input: { readonly picture: Uint8Array; readonly minScore?: number; readonly angles?: boolean },
    options?: CallOptions,
  ): Promise<CloudAnswer<ApiValue<'detect'>>> {
    return this.#caller.call(
      'detect',
      async (signal) => {
        const { minScore, angles } = input;
        if (minScore !== undefined && !(minScore >= 0 && minScore <= 1)) {
          throw new InputRefused('INPUT_PARAMETER', `minScore is ${minScore}; it must be within 0 to 1.`);
        }
        const body = {
          Action: 'DetectFace',
          ImageData: await this.#picture('detect', input.picture, signal),
          ...(minScore !== undefined && { FaceThresh: minScore }),
          ...(angles !== undefined && { NeedFaceAngle: angles }),
        };
        return { body };
      },
      options,
    );
  }

  /** 6.3.2: sex and age of the faces in a picture. */
  attributes(
    input: { readonly picture: Uint8Array },
    options?: CallOptions,
  ): Promise<CloudAnswer<ApiValue<'attributes'>>> {
    return this.#caller.call(
      'attributes',
      async (signal) => ({
        body: { imageContent: await this.#picture('attributes', input.picture, signal) },
      }),
      options,
    );
  }

  /** 6.3.3: confidence, 0..1, that the central faces of two pictures are the same person. */
  compare(
    input: { readonly first: Uint8Array; readonly second: Uint8Array },
    options?: CallOptions,
  ): Promise<CloudAnswer<CloudComparison>> {
    return this.#caller.call(
      'compare',
      async (signal) => {
        const [img1Base64, img2Base64] = await Promise.all([
          this.#picture('compare', input.first, signal),
          this.#picture('compare', input.second, signal),
        ]);
        return { body: { img1Base64, img2Base64 } };
      },
      options,
    );
  }

  /** 6.3.4: living face, attack, or too unclear to say, for each face in a picture. */
  silentLiveness(
    input: { readonly picture: Uint8Array },
    options?: CallOptions,
  ): Promise<CloudAnswer<ApiValue<'silentLiveness'>>> {
    return this.#caller.call(
      'silentLiveness',
      async (signal) => ({
        body: { imageContent: await this.#picture('silentLiveness', input.picture, signal) },
      }),
      options,
    );
  }

  /**
   * 6.3.5: do name, ID number and face belong together? `verified` is the answer; a refusal (AI_OP_4101, AI_OP_4109)
   * comes as an error with the record of the case. Name and ID number never stand in an error.
   */
  realName(
    input: { readonly portrait: Uint8Array; readonly idNumber: string; readonly name: string },
    options?: CallOptions,
  ): Promise<CloudAnswer<ApiValue<'realName'>>> {
    return this.#caller.call(
      'realName',
      async (signal): Promise<Outgoing> => {
        const idNum = normaliseIdNumber(input.idNumber);
        const fullName = normaliseName(input.name);
        const portrait = await preparePortrait(input.portrait, signal, this.#options.fitPicture);
        return {
          body: { portrait: this.#encode('realName', portrait), idNum, fullName },
          personal: [idNum, fullName],
        };
      },
      options,
    );
  }

  /** 6.3.6: does the clip (mp4, mov, avi; 1 to 8 s, 10 to 30 frames a second, 8 MB) show a living face doing `action`? */
  async actionLiveness(
    input: { readonly clip: Uint8Array; readonly action: LivenessAction },
    options?: CallOptions,
  ): Promise<CloudAnswer<ActionVerdict>> {
    const { clip, action } = input;
    const answer = await this.#caller.call(
      'actionLiveness',
      async () => {
        prepareClip(clip);
        const VideoBase64 = this.#encode('actionLiveness', clip);
        return { body: { Action: 'ActionFas', VideoBase64, ActionType: ACTION_NAMES[action].type } };
      },
      options,
    );
    if (!answer.ok) return answer;
    return { ...answer, value: { ...answer.value, action, detected: answer.value.seen[action] } };
  }

  /** This machine's clock less the endpoint's in milliseconds, good to a second; null before any answer. */
  get clockSkewMs(): number | null {
    return this.#clocks.skewMs;
  }

  /** Whether calls of an API are let through at the moment. */
  breakerState(api: CloudApi): BreakerState {
    return this.#caller.breaker(api).state;
  }

  /** Ends the kept connections and the thread that wraps keys. Calls under way fail. */
  async close(): Promise<void> {
    this.#transport.close();
    await this.#envelopes?.close();
  }

  async #picture(api: CloudApi, picture: Uint8Array, signal: AbortSignal): Promise<string> {
    return this.#encode(api, await preparePicture(picture, signal, this.#options.fitPicture));
  }

  #encode(api: CloudApi, bytes: Uint8Array): string {
    return encodeBase64(bytes, this.#options.config.apis[api].base64);
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MenshenError('CONFIG_INVALID', `cloud.caFile: ${path} cannot be read.`, { cause: error });
  }
}
