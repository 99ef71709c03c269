import { numberOption, optionFields } from '../../core/option-checks.js';
import { InvalidOptionError } from '../../errors.js';
import { type ReplicaSpec, type Replicated, resolveReplica } from './fleet-spec.js';

/** Something that happens to a fleet at a moment of a simulation, in ms of virtual time. */
export type FleetEvent = { readonly at: number } & (
  | {
      /** Every step takes so many times as long from now on; 1 ends it. */
      readonly type: 'throttle';
      readonly id: string;
      readonly slowdown: number;
    }
  /** The process dies: streams are reset, requests refused. */
  | { readonly type: 'kill'; readonly id: string }
  /** The process starts again, and serves when its model is loaded. */
  | { readonly type: 'return'; readonly id: string }
  /**
   * A new replica starts. The balancers hear of it when its model is loaded; at once, where its `endpoint` has a
   * `healthPath`, since then they find out for themselves.
   */
  | { readonly type: 'join'; readonly replica: ReplicaSpec }
  /** It gets no new request, finishes its streams, and is gone. */
  | { readonly type: 'leave'; readonly id: string }
);

/** An event that can happen: whoever it concerns exists. */
export type ResolvedEvent =
  | Exclude<FleetEvent, { type: 'join' }>
  | { readonly at: number; readonly type: 'join'; readonly replica: Replicated };

/** The fields of each type beside `at` and `type`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  throttle: ['id', 'slowdown'],
  kill: ['id'],
  return: ['id'],
  join: ['replica'],
  leave: ['id'],
};

/**
 * @param fleet those who are there at the start
 * @throws InvalidOptionError
 */
export function resolveEvents(
  events: unknown,
  fleet: readonly Replicated[],
  blockTokens: number,
): readonly ResolvedEvent[] {
  if (events === undefined) return [];
  if (!Array.isArray(events)) throw new InvalidOptionError('events', 'must be an array', events);
  const known = new Set(fleet.map(({ id }) => id));
  return events.map((event: FleetEvent, index) => {
    const option = `events[${index}]`;
    const fields = FIELDS[event?.type];
    if (fields === undefined)
      throw new InvalidOptionError(
        `${option}.type`,
        `must be one of ${Object.keys(FIELDS).join(', ')}`,
        event,
      );
    const given = optionFields(option, event, ['at', 'type', ...fields]);
    numberOption(`${option}.at`, given.at, Number.NaN, { min: 0 });
    if (event.type === 'join') {
      const replica = resolveReplica(
        event.replica,
        `${option}.replica`,
        blockTokens,
        () => `joined-${index}`,
      );
      if (known.has(replica.id))
        throw new InvalidOptionError(`${option}.replica.id`, 'must be unique', replica.id);
      known.add(replica.id);
      return { at: event.at, type: event.type, replica };
    }
    if (!known.has(event.id))
      throw new InvalidOptionError(`${option}.id`, `must be one of ${[...known].join(', ')}`, event.id);
    if (event.type === 'throttle')
      numberOption(`${option}.slowdown`, event.slowdown, Number.NaN, { above: 0 });
    return event;
  });
}
