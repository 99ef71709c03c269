import type { SelectionPolicy } from 'evenkeel';
import { policyConformance } from 'evenkeel/testing';
import { describe, it } from 'vitest';
import { RIVALS } from './index.js';
import { NOWHERE } from './rival-world.js';

/** Goes to the first of equals, as its code does. */
const UNEVEN = ['LiteLLM least-busy'];

for (const [name, rival] of Object.entries(RIVALS)) {
  const make = (): SelectionPolicy => rival(NOWHERE);
  policyConformance(name, make, { describe, it, even: !UNEVEN.includes(name) });
}
