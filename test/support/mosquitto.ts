export * from '../../scripts/support/mosquitto.ts';
