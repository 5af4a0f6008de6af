import { PortChooser } from '../../src/local/ports';

/** A port of loopback that is free now, and that no outgoing connection is given. */
export function freePort(): Promise<number> {
  return new PortChooser(true).near(0);
}
