import type { z } from 'zod';
import type { Base64Form } from './wire.ts';

/** The six services, by the names Menshen gives them. */
export const CLOUD_APIS = [
  'detect',
  'attributes',
  'compare',
  'silentLiveness',
  'realName',
  'actionLiveness',
] as const;
export type CloudApi = (typeof CLOUD_APIS)[number];

/**
 * One service as the manual defines it. `request` is the body in clear; `response` reads the body of a success
 * (status code 0): its input is the wire, its output what Menshen works with.
 */
export interface ApiDefinition<
  Request extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly id: CloudApi;
  /** Section of the manual. */
  readonly section: string;
  /** The manual's name of it. */
  readonly title: string;
  readonly path: string;
  /** Value of the header `version`; null where the service has none. */
  readonly version: string | null;
  /** Fixed value of the parameter `Action`; null where the service has none. */
  readonly action: string | null;
  readonly request: Request;
  readonly response: Response;
  /** Parameters that carry base64, in the order of the manual. */
  readonly base64Fields: readonly string[];
  /** Alphabet of the manual's example for this service. */
  readonly base64: Base64Form;
  /** Calls a second that the manual allows (7.3). */
  readonly callsPerSecond: number;
}

/** Keeps the exact schema types of a definition. */
export function defineApi<Request extends z.ZodType, Response extends z.ZodType>(
  definition: ApiDefinition<Request, Response>,
): ApiDefinition<Request, Response> {
  return definition;
}
