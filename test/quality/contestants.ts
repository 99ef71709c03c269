import { adaptive, leastOutstanding, peakEwma, roundRobin, scored } from 'evenkeel';
import type { Contestant } from 'evenkeel/simulation';
import { firstTokenOracle } from './oracles/first-token-oracle.js';
import { workOracle } from './oracles/work-oracle.js';
import { RIVALS } from './rivals/index.js';
import { rivalWorld } from './rivals/rival-world.js';

/** Our own: with the weights that the fleet gives, with those that are true, and with none. */
export const OWN: Readonly<Record<string, Contestant>> = {
  'round robin': () => roundRobin(),
  'least outstanding': () => leastOutstanding(),
  'least outstanding, true weights': { policy: () => leastOutstanding(), weights: 'capacity' },
  'least outstanding, no weights': { policy: () => leastOutstanding(), weights: 'equal' },
  'scored, default scorers': () => scored(),
  'adaptive, no weights': { policy: () => adaptive(), weights: 'equal' },
  'adaptive, given weights': () => adaptive(),
  'peak EWMA': () => peakEwma(),
};

export const OTHERS: Readonly<Record<string, Contestant>> = Object.fromEntries(
  Object.entries(RIVALS).map(([name, rival]) => [name, (world) => rival(rivalWorld(world))]),
);

/** They see what no client can see. */
export const ORACLES: Readonly<Record<string, Contestant>> = {
  'oracle: first token': (world) => firstTokenOracle(world),
  'oracle: least work': (world) => workOracle(world),
};

export const EVERYBODY: Readonly<Record<string, Contestant>> = { ...OWN, ...OTHERS, ...ORACLES };
