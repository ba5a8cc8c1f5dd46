import { z } from 'zod';
import { filePath, SecretSchema } from './common.ts';
import { HomeAssistantSchema } from './home-assistant.ts';

export const MqttSchema = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^mqtts?:\/\/[^/@\s]+(:\d+)?\/?$/,
        'use mqtt://host:port or mqtts://host:port, without user and password',
      )
      .describe('The broker'),
    username: z.string().min(1).optional().describe('User name at the broker'),
    password: SecretSchema.optional().describe('Password at the broker'),
    caFile: filePath
      .optional()
      .describe("CA certificate (PEM) that signed the broker's; by default the system's"),
    certFile: filePath.optional().describe('Client certificate (PEM)'),
    keyFile: filePath.optional().describe('Key of the client certificate (PEM)'),
    topic: z
      .string()
      .regex(/^[^#+\s]+$/, 'must not hold spaces, "#" or "+"')
      .default('menshen')
      .describe('First part of every topic'),
    keepaliveS: z
      .number()
      .int()
      .min(1)
      .max(3600)
      .default(30)
      .describe('Seconds between signs of life; the broker tells the last will after 1.5 times as long'),
    sessionExpiryS: z
      .number()
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(3600)
      .describe(
        'Seconds for which the broker keeps what is sent to the gate while it is away; 0 keeps nothing (MQTT 5; with 3.1.1 the broker decides how long)',
      ),
    replayPerSecond: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe(
        'Events a second that are sent of those that gathered while there was no broker; what happens meanwhile is sent before them, unhindered',
      ),
    homeAssistant: HomeAssistantSchema.prefault({}),
  })
  .refine((mqtt) => (mqtt.certFile === undefined) === (mqtt.keyFile === undefined), {
    message: 'certFile and keyFile go together',
    path: ['certFile'],
  })
  .describe('Where events are sent, and where messages to the gate come from');
export type MqttConfig = z.infer<typeof MqttSchema>;
