import type { GpioDriver } from './driver.ts';
import { execDriver } from './exec.ts';
import { gpiodDriver } from './gpiod.ts';
import { modbusDriver } from './modbus.ts';
import { onoffDriver } from './onoff.ts';
import { type SimulatedOptions, simulatedDriver } from './simulated.ts';

/**
 * All drivers behind one: each line goes to the driver its configuration names.
 * @throws MenshenError GPIO_UNAVAILABLE when the control socket of the simulated lines cannot be opened.
 */
export async function openGpio(simulator: SimulatedOptions = {}): Promise<GpioDriver> {
  const gpiod = gpiodDriver();
  const onoff = onoffDriver();
  const exec = execDriver();
  const modbus = modbusDriver();
  const simulated = await simulatedDriver(simulator);
  return {
    openOutput(line, options, handlers) {
      switch (line.driver) {
        case 'gpiod':
          return gpiod.openOutput(line, options, handlers);
        case 'onoff':
          return onoff.openOutput(line, options, handlers);
        case 'exec':
          return exec.openOutput(line, options, handlers);
        case 'modbus':
          return modbus.openOutput(line, options, handlers);
        case 'simulated':
          return simulated.openOutput(line, options, handlers);
      }
    },
    openInput(line, options, handlers) {
      switch (line.driver) {
        case 'gpiod':
          return gpiod.openInput(line, options, handlers);
        case 'onoff':
          return onoff.openInput(line, options, handlers);
        case 'exec':
          return exec.openInput(line, options, handlers);
        case 'modbus':
          return modbus.openInput(line, options, handlers);
        case 'simulated':
          return simulated.openInput(line, options, handlers);
      }
    },
    async close() {
      await Promise.all([gpiod, onoff, exec, modbus, simulated].map((driver) => driver.close()));
    },
  };
}
